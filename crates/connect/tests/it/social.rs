//! What the tests of the social connectors share.

use std::sync::Arc;

use serde_json::{Value, json};
use socialai_connect::call::Http;
use socialai_connect::guard::Reach;
use socialai_connect::social::oauth::{App, Token, Tokens};
use socialai_connect::social::{self, Connector, Credentials, Endpoints, Outgoing, Secrets, Setup, Surface};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use crate::remote::{Remote, Reply};

pub const META_SECRET: &str = "meta_app_secret_EXAMPLE_0001";
pub const X_SECRET: &str = "x_consumer_secret_EXAMPLE_0001";
pub const LINKEDIN_SECRET: &str = "linkedin_client_secret_EXAMPLE_0001";
pub const PLATFORMS: [&str; 4] = ["facebook", "instagram", "x", "linkedin"];

pub fn http() -> Http {
    Http::new(Reach::Anywhere).unwrap()
}

/// A platform at an address below which it stands, as simulators do.
pub fn at(base: &Url, platform: &str) -> Arc<dyn Connector> {
    let setup = |name: &str| Setup {
        endpoints: Some(Endpoints::at(&base.join(&format!("/{name}")).unwrap())),
        version: None,
        scopes: None,
    };
    named(social::all(setup), platform)
}

pub fn connector(platform: &str) -> Arc<dyn Connector> {
    named(social::all(|_| Setup::default()), platform)
}

fn named(all: Vec<Arc<dyn Connector>>, platform: &str) -> Arc<dyn Connector> {
    all.into_iter().find(|connector| connector.spec().platform == platform).unwrap()
}

/// A server of one path and what stands in front of it.
pub async fn serving(platform: &str, path: &str, reply: Reply) -> (Remote, Arc<dyn Connector>) {
    let remote = Remote::start().await;
    remote.serve(&format!("/{platform}{path}"), reply);
    let connector = at(&remote.url("/"), platform);
    (remote, connector)
}

pub fn secrets(signing: &[&str], verify_tokens: &[&str]) -> Secrets {
    let all = |texts: &[&str]| texts.iter().map(|text| (*text).into()).collect();
    Secrets { signing: all(signing), verify_tokens: all(verify_tokens) }
}

pub fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

pub fn tokens(access: &str, refresh: Option<&str>) -> Tokens {
    Tokens {
        access: token(access),
        refresh: refresh.map(token),
        access_lives: None,
        refresh_lives: None,
        scopes: Some(vec!["old".into()]),
    }
}

pub fn app() -> App {
    App { client_id: "client".into(), client_secret: "s3cret".into() }
}

pub fn account_of(platform: &str) -> &'static str {
    match platform {
        "facebook" => "100",
        "instagram" => "200",
        "x" => "111",
        _ => "urn:li:organization:12345",
    }
}

pub fn credentials(platform: &str) -> Credentials {
    let via = (platform == "instagram").then(|| "100".to_owned());
    Credentials { account: account_of(platform).into(), via, token: token("token-1"), app_secret: None }
}

pub fn outgoing(surface: Surface, text: &str) -> Outgoing {
    Outgoing {
        surface,
        to: "222".into(),
        thread: None,
        reply_to: None,
        text: text.into(),
        attachment: None,
        quick_replies: vec![],
        marker: None,
        is_human: true,
    }
}

/// Something that the platform takes, where it is sent, and what a success looks like.
pub fn a_send(platform: &str) -> (Outgoing, &'static str, Value) {
    let comment = |thread: &str| Outgoing { thread: Some(thread.into()), ..outgoing(Surface::Comment, "Hi") };
    match platform {
        "facebook" | "instagram" => {
            (outgoing(Surface::Message, "Hi"), "/v26.0/100/messages", json!({ "message_id": "m_1" }))
        }
        "x" => {
            let body = json!({ "data": { "dm_event_id": "1128", "dm_conversation_id": "111-222" } });
            (outgoing(Surface::Message, "Hi"), "/2/dm_conversations/with/222/messages", body)
        }
        _ => {
            let body = json!({ "id": "3", "object": "urn:li:activity:2" });
            (comment("urn:li:activity:2"), "/rest/socialActions/urn%3Ali%3Aactivity%3A2/comments", body)
        }
    }
}

/// Reads a request to its end and hangs up, again and again.
pub async fn hanging_up(head: &'static [u8]) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 64 * 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(head).await;
        }
    });
    url
}
