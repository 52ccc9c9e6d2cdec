//! One look at a workspace: everything is read, judged, written down and planned in one transaction. Nothing is written but
//! the time of the look while nothing changes.

use std::collections::BTreeMap;

use serde_json::json;
use socialai_queue::facts::NewFact;
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;

use super::{
    EFFECT, Notice, Severity, Tell,
    history::summary,
    judge::{Standing, Verdict, judge},
    measures::{self, Reading},
    rules::{self, Setting},
    sending::NOBODY_KNOWS,
    targets,
};
use crate::{
    effects::{self, Plan},
    events,
    ids::{AlertId, AlertTargetId},
    problems::Result,
    tenancy::TenantTx,
};

pub use super::measures::{Installation, of_installation};

/// What is known of the looks before.
#[derive(Default, FromRow)]
pub(super) struct Watch {
    pub looked_at: Option<OffsetDateTime>,
    /// The worst of each rule.
    pub readings: Json<BTreeMap<String, f64>>,
    has_begun: bool,
}

/// Whoever looks, or changes what is looked at, goes through here one after the other.
pub(super) async fn lock(tx: &mut TenantTx) -> Result<Watch> {
    sqlx::query("insert into alert_watch default values on conflict do nothing").execute(tx.conn()).await?;
    let watch = sqlx::query_as("select looked_at, readings, has_begun from alert_watch for update");
    Ok(watch.fetch_one(tx.conn()).await?)
}

/// The same for who only reads.
pub(super) async fn last(tx: &mut TenantTx) -> Result<Watch> {
    let watch = sqlx::query_as("select looked_at, readings, has_begun from alert_watch");
    Ok(watch.fetch_optional(tx.conn()).await?.unwrap_or_default())
}

/// An alert that is not over, or that may become one.
#[derive(Debug, Clone, FromRow)]
struct Known {
    id: AlertId,
    rule: String,
    subject: String,
    severity: Severity,
    summary: String,
    value: f64,
    is_open: bool,
    started_at: OffsetDateTime,
    calm_since: Option<OffsetDateTime>,
}

impl Known {
    fn standing(&self) -> Standing {
        if self.is_open {
            Standing::Open { calm_since: self.calm_since }
        } else {
            Standing::Watching { since: self.started_at }
        }
    }
}

/// How many alerts a look raised and resolved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    pub raised: u32,
    pub resolved: u32,
}

/// Looks at the workspace. `can_mail`: whether the installation sends mail, so that the administrators can be told.
pub async fn look(tx: &mut TenantTx, seen: &Installation, can_mail: bool) -> Result<Changes> {
    let watch = lock(tx).await?;
    let begins = can_mail && !watch.has_begun;
    if begins {
        targets::begin(tx).await?;
    }
    let settings = rules::settings(tx).await?;
    let readings = measures::read(tx, &settings, seen).await?;
    let mut known = unresolved(tx).await?;
    let mut changes = Changes::default();
    for setting in &settings {
        for reading in readings.iter().filter(|reading| reading.measure == setting.measure) {
            let place = known.iter().position(|known| known.rule == setting.name && known.subject == reading.subject);
            let known = place.map(|place| known.swap_remove(place));
            follow(tx, setting, known, Some(reading), &watch, &mut changes).await?;
        }
    }
    // What was not read this time: nothing is wrong with it any more, or the rule is no more.
    for known in known {
        match settings.iter().find(|setting| setting.name == known.rule) {
            Some(setting) => follow(tx, setting, Some(known), None, &watch, &mut changes).await?,
            None => resolve(tx, &known, &mut changes).await?,
        }
    }
    note(tx, &measures::worst(&settings, &readings), begins).await?;
    Ok(changes)
}

async fn unresolved(tx: &mut TenantTx) -> Result<Vec<Known>> {
    let known = sqlx::query_as(
        "select id, rule, subject, severity, summary, value, state = 'open' as is_open, started_at, calm_since
         from alerts where state <> 'resolved' order by id",
    );
    Ok(known.fetch_all(tx.conn()).await?)
}

/// Takes the step that follows from a reading.
async fn follow(
    tx: &mut TenantTx,
    setting: &Setting,
    known: Option<Known>,
    reading: Option<&Reading>,
    watch: &Watch,
    changes: &mut Changes,
) -> Result<()> {
    let standing = known.as_ref().map_or(Standing::Quiet, Known::standing);
    let verdict = judge(standing, reading.map(|reading| reading.value), &setting.limit(), tx.now());
    match (verdict, known, reading) {
        (Verdict::Watch, None, Some(reading)) => {
            add(tx, setting, reading, "watching").await?;
        }
        (Verdict::Raise, known, Some(reading)) => raise(tx, setting, known, reading, changes).await?,
        (Verdict::FlareUp, Some(known), Some(reading)) => see(tx, setting, &known, reading).await?,
        (Verdict::Stay, Some(known), Some(reading)) if known.is_open && known.calm_since.is_none() => {
            see(tx, setting, &known, reading).await?;
        }
        (Verdict::CalmDown, Some(known), _) => {
            let (now, last_seen) = (tx.now(), watch.looked_at);
            let calm = "update alerts set calm_since = $2, last_seen_at = greatest(last_seen_at, $3) where id = $1";
            sqlx::query(calm).bind(known.id).bind(now).bind(last_seen).execute(tx.conn()).await?;
        }
        (Verdict::Forget, Some(known), _) => {
            sqlx::query("delete from alerts where id = $1").bind(known.id).execute(tx.conn()).await?;
        }
        (Verdict::Resolve, Some(known), _) => resolve(tx, &known, changes).await?,
        _ => {}
    }
    Ok(())
}

async fn add(tx: &mut TenantTx, setting: &Setting, reading: &Reading, state: &'static str) -> Result<AlertId> {
    let (id, now) = (AlertId::fresh(), tx.now());
    sqlx::query(
        "insert into alerts (id, rule, subject, label, severity, summary, value, threshold, state, started_at, raised_at,
            last_seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, case when $9 = 'open' then $10 end, $10)",
    )
    .bind(id)
    .bind(setting.name)
    .bind(&reading.subject)
    .bind(&reading.label)
    .bind(setting.severity)
    .bind(summary(setting, reading))
    .bind(reading.value)
    .bind(setting.threshold)
    .bind(state)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

async fn raise(
    tx: &mut TenantTx,
    setting: &Setting,
    known: Option<Known>,
    reading: &Reading,
    changes: &mut Changes,
) -> Result<()> {
    let summary = summary(setting, reading);
    let id = match known {
        None => add(tx, setting, reading, "open").await?,
        Some(known) => {
            let now = tx.now();
            sqlx::query(
                "update alerts set state = 'open', raised_at = $2, last_seen_at = $2, severity = $3, summary = $4, value = $5,
                    threshold = $6, label = $7
                 where id = $1",
            )
            .bind(known.id)
            .bind(now)
            .bind(setting.severity)
            .bind(&summary)
            .bind(reading.value)
            .bind(setting.threshold)
            .bind(&reading.label)
            .execute(tx.conn())
            .await?;
            known.id
        }
    };
    changes.raised += 1;
    announce(tx, "alert.raised", id, setting.name, setting.severity, &summary);
    for (target, remote) in targets::who_hears(tx, setting.severity, setting.targets.as_deref()).await? {
        if target.id.to_string() != reading.subject {
            plan(tx, id, target.id, &target.name, remote, Notice::Raised).await?;
        }
    }
    Ok(())
}

/// Writes only what is new.
async fn see(tx: &mut TenantTx, setting: &Setting, known: &Known, reading: &Reading) -> Result<()> {
    let (summary, now) = (summary(setting, reading), tx.now());
    #[expect(clippy::float_cmp, reason = "any difference is news")]
    let is_same = known.value == reading.value && known.summary == summary && known.calm_since.is_none();
    if !is_same {
        sqlx::query(
            "update alerts set calm_since = null, last_seen_at = $2, value = $3, summary = $4, label = $5 where id = $1",
        )
        .bind(known.id)
        .bind(now)
        .bind(reading.value)
        .bind(summary)
        .bind(&reading.label)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

async fn resolve(tx: &mut TenantTx, known: &Known, changes: &mut Changes) -> Result<()> {
    if !known.is_open {
        sqlx::query("delete from alerts where id = $1").bind(known.id).execute(tx.conn()).await?;
        return Ok(());
    }
    let now = tx.now();
    let over = "update alerts set state = 'resolved', resolved_at = $2 where id = $1";
    sqlx::query(over).bind(known.id).bind(now).execute(tx.conn()).await?;
    changes.resolved += 1;
    announce(tx, "alert.resolved", known.id, &known.rule, known.severity, &known.summary);
    // Those that heard of the alert, or may have, or still will.
    let told: Vec<(String, String, String)> = sqlx::query_as(
        "select request->>'target', request->>'target_name', remote from effects
         where about_kind = 'alert' and about_id = $1 and kind = $2 and request->>'notice' = 'raised'
            and (state in ('planned', 'claimed', 'dispatched', 'unknown', 'confirmed') or failure = $3)
         order by id",
    )
    .bind(known.id.to_string())
    .bind(EFFECT)
    .bind(NOBODY_KNOWS)
    .fetch_all(tx.conn())
    .await?;
    for (target, name, remote) in told {
        if let Ok(target) = target.parse::<AlertTargetId>() {
            plan(tx, known.id, target, &name, remote, Notice::Resolved).await?;
        }
    }
    Ok(())
}

async fn plan(
    tx: &mut TenantTx,
    alert: AlertId,
    target: AlertTargetId,
    target_name: &str,
    remote: String,
    notice: Notice,
) -> Result<()> {
    let plan = Plan {
        kind: EFFECT,
        remote,
        about_kind: "alert",
        about_id: alert.to_string(),
        idempotency_key: format!("alert/{alert}/{target}/{}", notice.name()),
        request: targets::request(target, target_name, notice),
    };
    let effect = effects::plan(tx, plan).await?;
    tx.enqueue(&Tell { alert: Some(alert), target, notice, effect })?;
    Ok(())
}

fn announce(tx: &mut TenantTx, event: &'static str, id: AlertId, rule: &str, severity: Severity, summary: &str) {
    let mut data = events::data("alert", &id.to_string(), None);
    data["rule"] = json!(rule);
    data["severity"] = json!(severity);
    data["summary"] = json!(summary);
    tx.publish(NewFact::new(event, 1, format!("alert/{id}"), data));
}

/// Writes down that was looked, and how many alerts are open, which the metrics read.
async fn note(tx: &mut TenantTx, readings: &BTreeMap<String, f64>, has_begun: bool) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    sqlx::query("update alert_watch set looked_at = $1, readings = $2, has_begun = has_begun or $3")
        .bind(now)
        .bind(Json(readings))
        .bind(has_begun)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "update system.residents r set open_alerts = n.open
         from (select case when count(*) > 0 then array[
                count(*) filter (where severity = 'info'), count(*) filter (where severity = 'warning'),
                count(*) filter (where severity = 'error'), count(*) filter (where severity = 'critical')]::int[] end as open
            from alerts where state = 'open') n
         where r.tenant_id = $1 and r.open_alerts is distinct from n.open",
    )
    .bind(tenant)
    .execute(tx.conn())
    .await?;
    Ok(())
}
