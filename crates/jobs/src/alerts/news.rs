//! What a target is told, in the form of each kind of target. The words are the same; links lead to the alert in the product.
//! Names of people and what they wrote never leave with an alert.

use serde_json::{Map, Value, json};
use socialai_connect::{
    pagerduty::{Incident, Severity as IncidentSeverity},
    slack::{Block, Markup, Post},
};
use socialai_domain::{
    alerts::{Notice, Severity, history::Alert, sending::Sending},
    ids::EffectId,
    tenancy::Place,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::Url;

const LONGEST_SUBJECT: usize = 150;

pub struct News {
    pub effect: EffectId,
    pub notice: Notice,
    alert: Option<Alert>,
    workspace: String,
    workspace_id: String,
    summary: String,
    /// Where to look.
    link: Url,
    /// The installation.
    source: String,
    at: OffsetDateTime,
}

impl News {
    pub fn of(sending: &Sending, workspace: &Place, public_url: &Url, now: OffsetDateTime) -> Self {
        let summary = match &sending.alert {
            Some(alert) => alert.summary.clone(),
            None => format!("This is a test of the alert target “{}”. Nothing happened.", sending.target_name),
        };
        let page = match &sending.alert {
            Some(alert) => format!("alerts/{}", alert.id),
            None => "alerts".to_owned(),
        };
        Self {
            effect: sending.effect,
            notice: sending.notice,
            alert: sending.alert.clone(),
            workspace: workspace.slug.clone(),
            workspace_id: workspace.tenant.to_string(),
            summary,
            link: below(public_url, &page),
            source: public_url.host_str().unwrap_or("SocialAI Hub").to_owned(),
            at: now,
        }
    }

    /// An incident is known by its alert, or by its test.
    pub fn incident_key(&self) -> String {
        self.alert.as_ref().map_or_else(|| self.effect.to_string(), |alert| alert.id.to_string())
    }

    pub fn incident(&self) -> Incident {
        let severity = self.alert.as_ref().map_or(Severity::Info, |alert| alert.severity);
        Incident {
            dedup_key: self.incident_key(),
            summary: format!("{} ({})", self.summary, self.workspace),
            source: self.source.clone(),
            severity: match severity {
                Severity::Critical => IncidentSeverity::Critical,
                Severity::Error => IncidentSeverity::Error,
                Severity::Warning => IncidentSeverity::Warning,
                Severity::Info => IncidentSeverity::Info,
            },
            at: self.alert.as_ref().map_or(self.at, |alert| alert.raised_at),
            component: self.alert.as_ref().map(|alert| alert.rule.clone()),
            group: Some(self.workspace.clone()),
            class: None,
            details: self.details(),
            links: vec![(self.link.clone(), "Open in SocialAI Hub".to_owned())],
        }
    }

    fn details(&self) -> Map<String, Value> {
        let mut details = Map::new();
        if let Some(alert) = &self.alert {
            details.insert("rule".to_owned(), json!(alert.rule));
            details.insert("value".to_owned(), json!(alert.value));
            details.insert("threshold".to_owned(), json!(alert.threshold));
            details.insert("unit".to_owned(), json!(alert.unit));
            details.insert("subject".to_owned(), json!(alert.subject));
        }
        details
    }

    /// `[acme] Alert (error): …`
    pub fn subject(&self) -> String {
        let subject = format!("[{}] {}", self.workspace, self.headline());
        let printable = subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
        if subject.chars().count() <= LONGEST_SUBJECT {
            printable.collect()
        } else {
            printable.take(LONGEST_SUBJECT - 1).chain(['…']).collect()
        }
    }

    fn headline(&self) -> String {
        match (&self.alert, self.notice) {
            (None, _) | (_, Notice::Test) => "Test of an alert target".to_owned(),
            (Some(_), Notice::Resolved) => format!("Over: {}", self.summary),
            (Some(alert), Notice::Raised) => format!("Alert ({}): {}", alert.severity.name(), self.summary),
        }
    }

    pub fn text(&self) -> String {
        let mut lines = vec![self.summary.clone()];
        if let Some(alert) = &self.alert {
            lines.push(String::new());
            if self.notice == Notice::Resolved {
                lines.push("This is over.".to_owned());
            }
            lines.push(format!("Workspace: {}", self.workspace));
            lines.push(format!("Rule: {} ({})", alert.rule, alert.severity.name()));
            lines.push(format!("Since: {}", moment(alert.started_at)));
            lines.extend(alert.resolved_at.map(|at| format!("Until: {}", moment(at))));
        }
        lines.push(String::new());
        lines.push(self.link.to_string());
        lines.join("\n") + "\n"
    }

    pub fn post(&self) -> Post {
        let mut note = Markup::default().text(&format!("Workspace {}", self.workspace));
        if let Some(alert) = &self.alert {
            note = note.text(&format!(
                " · {} · {} · since {}",
                alert.rule,
                alert.severity.name(),
                moment(alert.started_at)
            ));
        }
        let told = Markup::default().bold(&self.headline());
        let link = Markup::default().link(&self.link, "Open in SocialAI Hub");
        let blocks = vec![Block::Text(told), Block::Note(note), Block::Text(link)];
        Post { summary: self.headline(), blocks }
    }

    /// As a receiver of webhooks gets it.
    pub fn body(&self) -> String {
        let kind = match self.notice {
            Notice::Raised => "alert.raised",
            Notice::Resolved => "alert.resolved",
            Notice::Test => "alert.test",
        };
        let mut data = json!({
            "workspace": { "id": self.workspace_id, "slug": self.workspace }, "summary": self.summary, "url": self.link,
        });
        if let Some(alert) = &self.alert {
            data["alert"] = json!({
                "id": alert.id, "rule": alert.rule, "subject": alert.subject, "label": alert.label,
                "severity": alert.severity, "value": alert.value, "threshold": alert.threshold, "unit": alert.unit,
                "started_at": moment(alert.started_at), "raised_at": moment(alert.raised_at),
                "resolved_at": alert.resolved_at.map(moment),
            });
        }
        json!({ "type": kind, "timestamp": moment(self.at), "data": data }).to_string()
    }
}

fn moment(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

/// The address may have a path of its own.
fn below(base: &Url, page: &str) -> Url {
    let mut link = base.clone();
    if let Ok(mut path) = link.path_segments_mut() {
        path.pop_if_empty().extend(page.split('/'));
    }
    link
}
