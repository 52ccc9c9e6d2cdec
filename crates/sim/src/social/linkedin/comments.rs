//! Comments: listing, writing as an organisation, changing and deleting.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{Caller, LinkedIn, Refuse, Said, elements, fine, urn};
use crate::{
    outward::Here,
    simulator::{Answer, Effect, Request},
    social::{
        acts::{Deed, Did, blank},
        form::Form,
        town::{Written, mark},
    },
};

const MOST_TEXT: usize = 1_250;

impl LinkedIn {
    pub fn comment_value(it: &Written) -> Value {
        let number = number_of(&it.id);
        let actor = if it.is_from_company { urn(&it.account) } else { it.person.clone() };
        let mut value = json!({
            "id": number, "$URN": it.id, "commentUrn": it.id, "actor": actor, "object": it.post,
            "message": { "text": it.text, "attributes": [] }, "created": { "actor": actor, "time": it.millis() },
            "lastModified": { "actor": actor, "time": it.millis() },
        });
        if let Some(parent) = &it.parent {
            value["parentComment"] = json!(parent);
        }
        value
    }

    /// Under a post those at the top, under a comment its answers.
    pub fn list_comments(&self, of: &str, request: &Request, form: &Form) -> Said {
        let of = long(of);
        let (post, parent) = match self.network.town.find(&of) {
            Some(comment) => (comment.post.clone().unwrap_or_default(), Some(of.as_str())),
            None if of.starts_with("urn:li:comment:") => return Err(Refuse::missing("Comment")),
            None => (of.clone(), None),
        };
        if !post.starts_with("urn:li:") {
            return Err(Refuse::invalid(format!("Invalid URN in {}", request.path)));
        }
        let wanted = |it: &&Written| it.parent.as_deref() == parent;
        let all: Vec<_> = self.network.town.comments(&post).filter(wanted).map(Self::comment_value).collect();
        Ok(fine(&elements(&all, form)))
    }

    pub fn create_comment(&mut self, of: &str, caller: &Caller, form: &Form, now: OffsetDateTime) -> Said {
        let (of, body) = (long(of), &form.body);
        let actor = body["actor"].as_str().unwrap_or_default();
        let account = actor.strip_prefix("urn:li:organization:").filter(|id| self.is_administered(id));
        let account = account
            .ok_or_else(|| Refuse::denied(format!("{actor} is not an organization that the member may act for")))?;
        if !body["content"].is_null() {
            return Err(Refuse::denied(
                "Unpermitted fields present in REQUEST_BODY: Data Processing Exception while processing fields [/content]",
            ));
        }
        let text = body["message"]["text"].as_str().unwrap_or_default();
        if text.is_empty() {
            return Err(Refuse::invalid("message.text is required"));
        }
        if text.chars().count() > MOST_TEXT {
            return Err(Refuse::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                100,
                "UNPROCESSABLE_ENTITY",
                format!("message.text is longer than {MOST_TEXT} characters"),
            ));
        }
        let parent =
            body["parentComment"].as_str().map(long).or_else(|| of.starts_with("urn:li:comment:").then(|| of.clone()));
        let answered = match &parent {
            None => None,
            Some(id) => {
                let found = self.network.town.find(id).filter(|it| it.account == account && !it.is_gone);
                Some(found.cloned().ok_or_else(|| Refuse::missing("Parent comment"))?)
            }
        };
        let minute = now
            - Duration::seconds(now.unix_timestamp().rem_euclid(60))
            - Duration::nanoseconds(now.nanosecond().into());
        if self.network.sends.is_some_and(|most| self.comments.count(caller.member.clone(), minute) > most) {
            return Err(Refuse::quota("Comment creation rate limit exceeded for member"));
        }
        let post = answered.as_ref().and_then(|it| it.post.clone()).unwrap_or_else(|| of.clone());
        Ok(self.write(account.to_owned(), post, answered, text, caller, now))
    }

    fn write(
        &mut self,
        account: String,
        post: String,
        answered: Option<Written>,
        text: &str,
        caller: &Caller,
        now: OffsetDateTime,
    ) -> Answer {
        let here = Here { now, base: String::new() };
        let id = (self.network.ids.comment)(&post, self.network.town.number());
        let place = answered.as_ref().map_or_else(|| post.clone(), |it| it.id.clone());
        let person = answered.as_ref().map(|it| it.person.clone()).unwrap_or_default();
        let written = Written {
            is_from_company: true,
            app: Some(caller.app.clone()),
            post: Some(post),
            parent: answered.map(|it| it.id),
            text: text.to_owned(),
            ..blank(id.clone(), account, person, &here)
        };
        self.network.town.write(written.clone());
        let body = Self::comment_value(&written);
        let notices = self.notices(&Deed { did: Did::Wrote, written }, now);
        Answer::json(StatusCode::CREATED, &body)
            .with_header("x-restli-id", number_of(&id))
            .with_effect(Effect { what: "comment_visible", place, id: mark(None, text) })
            .with_notices(notices)
    }

    pub fn one_comment(&mut self, of: &str, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let id =
            if id.starts_with("urn:") { long(id) } else { format!("urn:li:comment:({},{id})", post_of(&long(of))) };
        let found =
            self.network.town.find_mut(&id).filter(|it| !it.is_gone).ok_or_else(|| Refuse::missing("Comment"))?;
        let is_patch = request.method == Method::POST && request.header("x-restli-method") == Some("PARTIAL_UPDATE");
        match request.method {
            Method::GET => {
                let found = found.clone();
                Ok(fine(&Self::comment_value(&found)))
            }
            _ if !found.is_from_company => Err(Refuse::denied("Only the author changes a comment")),
            Method::DELETE => {
                found.is_gone = true;
                let deed = Deed { did: Did::TookBack, written: found.clone() };
                let notices = self.notices(&deed, now);
                Ok(Answer::text(StatusCode::NO_CONTENT, "").with_notices(notices))
            }
            Method::POST if is_patch => {
                let text = form.body["patch"]["message"]["$set"]["text"].as_str().unwrap_or_default();
                if text.is_empty() || text.chars().count() > MOST_TEXT {
                    return Err(Refuse::invalid("patch.message.$set.text is missing or too long"));
                }
                text.clone_into(&mut found.text);
                found.edits += 1;
                let deed = Deed { did: Did::Edited, written: found.clone() };
                let notices = self.notices(&deed, now);
                Ok(fine(&Self::comment_value(&deed.written)).with_notices(notices))
            }
            _ => Err(Refuse::invalid("This method is not supported here")),
        }
    }
}

/// Both spellings of a comment's name as the long one.
pub fn long(name: &str) -> String {
    name.replace("comment:(activity:", "comment:(urn:li:activity:")
}

/// Without the prefix inside, as notifications have it.
pub fn short(name: &str) -> String {
    name.replace("comment:(urn:li:activity:", "comment:(activity:")
}

fn number_of(id: &str) -> String {
    id.rsplit(',').next().unwrap_or_default().trim_end_matches(')').to_owned()
}

/// The post of a comment's name, or the name itself.
fn post_of(name: &str) -> &str {
    let inner = name.strip_prefix("urn:li:comment:(").and_then(|rest| rest.split(',').next());
    inner.unwrap_or(name)
}
