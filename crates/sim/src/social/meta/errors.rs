//! Refusals in Meta's form. What they mean is in `code` and `error_subcode`; the status is 400 for most of them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::simulator::Answer;

#[derive(Debug, Clone)]
pub struct Fault {
    status: StatusCode,
    kind: &'static str,
    message: String,
    code: u32,
    subcode: Option<u32>,
    is_transient: bool,
}

impl Fault {
    pub fn new(code: u32, message: impl Into<String>) -> Self {
        let message = format!("(#{code}) {}", message.into());
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "OAuthException",
            message,
            code,
            subcode: None,
            is_transient: false,
        }
    }

    pub fn sub(mut self, subcode: u32) -> Self {
        self.subcode = Some(subcode);
        self
    }

    pub fn temporary() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let fault = Self::new(2, "Service temporarily unavailable");
        Self { status, is_transient: true, message: "Service temporarily unavailable".to_owned(), ..fault }
    }

    pub fn parameter(message: impl Into<String>) -> Self {
        Self::new(100, message)
    }

    pub fn missing(id: &str) -> Self {
        let message = format!(
            "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or \
             does not support this operation."
        );
        Self { kind: "GraphMethodException", message, ..Self::new(100, "").sub(33) }
    }

    pub fn unknown_path(path: &str) -> Self {
        Self { message: format!("Unknown path components: {path}"), ..Self::new(2_500, "") }
    }

    pub fn no_token() -> Self {
        let message = "An active access token must be used to query information about the current user.";
        Self { message: message.to_owned(), ..Self::new(2_500, "") }
    }

    pub fn unreadable_token() -> Self {
        let message = "Invalid OAuth access token - Cannot parse access token";
        Self { message: message.to_owned(), ..Self::new(190, "") }
    }

    pub fn dead_token(subcode: u32) -> Self {
        let why = match subcode {
            463 => "Session has expired.",
            460 => {
                "The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons."
            }
            458 => "The user has not authorized application.",
            _ => "The session is invalid.",
        };
        let message = format!("Error validating access token: {why}");
        Self { status: StatusCode::UNAUTHORIZED, message, ..Self::new(190, "").sub(subcode) }
    }

    pub fn into_answer(self) -> Answer {
        let mut error = json!({
            "message": self.message, "type": self.kind, "code": self.code, "fbtrace_id": "AbCdEfGhIjKlMnOpQrStUvW",
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if self.is_transient {
            error["is_transient"] = Value::Bool(true);
        }
        Answer::json(self.status, &json!({ "error": error }))
    }
}
