//! Conversations with a mail server that behaves as the test says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use socialai_connect::call::CallError;
use socialai_connect::mail::{Letter, Smtp};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Where the server stops being a good one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Accept,
    Say {
        at: &'static str,
        reply: &'static str,
    },
    /// The first time only.
    SayOnce {
        at: &'static str,
        reply: &'static str,
    },
    Cut {
        at: &'static str,
    },
    FallSilent {
        at: &'static str,
    },
}

/// The end of the message, in place of a command's name.
const MESSAGE: &str = "message";

#[derive(Default)]
struct Heard {
    commands: Mutex<Vec<String>>,
    messages: Mutex<Vec<String>>,
    silent: Notify,
}

impl Heard {
    fn count(&self, name: &str) -> usize {
        self.commands.lock().unwrap().iter().filter(|command| command.starts_with(name)).count()
    }
}

struct MailServer {
    address: String,
    heard: Arc<Heard>,
}

impl MailServer {
    async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heard = Arc::<Heard>::default();
        let server = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that hangs up in the middle is part of the tests.
                let _ = converse(stream, behaviour, &server).await;
            }
        });
        Self { address, heard }
    }

    async fn send(&self, mail: &Letter) -> Result<(), CallError> {
        self.send_with(&format!("smtp://{}", self.address), mail).await
    }

    async fn send_with(&self, url: &str, mail: &Letter) -> Result<(), CallError> {
        Smtp::from_url(&url.to_owned().into(), "SocialAI Hub <hub@example.com>").unwrap().send(mail).await
    }

    fn messages(&self) -> Vec<String> {
        self.heard.messages.lock().unwrap().clone()
    }

    fn heard_command(&self, name: &str) -> bool {
        self.heard.commands.lock().unwrap().iter().any(|command| command.starts_with(name))
    }
}

async fn converse(stream: TcpStream, behaviour: Behaviour, heard: &Heard) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test\r\n").await?;
    let mut message: Option<String> = None;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let point = match &mut message {
            Some(text) if line != ".\r\n" => {
                text.push_str(&line);
                continue;
            }
            Some(_) => MESSAGE.to_owned(),
            None => line.split([' ', '\r']).next().unwrap_or_default().to_owned(),
        };
        heard.commands.lock().unwrap().push(line.trim_end().to_owned());
        let usual = match point.as_str() {
            "EHLO" => "250-test\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" => "235 welcome\r\n",
            "DATA" => "354 go on\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        let reply = match behaviour {
            Behaviour::Say { at, reply } if at == point => reply,
            Behaviour::SayOnce { at, reply } if at == point && heard.count(at) == 1 => reply,
            Behaviour::Cut { at } if at == point => return Ok(()),
            Behaviour::FallSilent { at } if at == point => {
                heard.silent.notify_one();
                std::future::pending::<()>().await;
                return Ok(());
            }
            _ => usual,
        };
        if point == MESSAGE {
            let text = message.take().unwrap_or_default();
            if reply == usual {
                heard.messages.lock().unwrap().push(text);
            }
        }
        if point == "DATA" && reply == usual {
            message = Some(String::new());
        }
        stream.write_all(reply.as_bytes()).await?;
    }
}

fn mail() -> Letter {
    Letter {
        to: "Ann Example <ann@example.com>".into(),
        subject: "Your invitation – welcome".into(),
        text: "Hello Ann,\n.\nhttps://hub.example.com/invite/inv_s3cret\n".into(),
    }
}

fn later() -> CallError {
    CallError::Later { after: None }
}

fn code(outcome: Result<(), CallError>) -> String {
    match outcome {
        Err(CallError::Refused { code, message }) => {
            assert!(!message.contains("ann@"), "{message}");
            code
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn message_arrives_once_and_whole() {
    let server = MailServer::start(Behaviour::Accept).await;
    server.send(&mail()).await.unwrap();
    let [message] = server.messages().try_into().map_err(|all| format!("one message, not {all:?}")).unwrap();
    let (head, body) = message.split_once("\r\n\r\n").unwrap();
    for line in ["From: \"SocialAI Hub\" <hub@example.com>", "To: \"Ann Example\" <ann@example.com>", "Subject: "] {
        assert!(head.contains(line), "{line} is not in\n{head}");
    }
    assert_eq!(head.matches("Message-ID: <").count(), 1);
    assert!(body.contains("https://hub.example.com/invite/inv_s3cret"));
    // The line with a single dot did not end the message.
    assert!(body.contains("\r\n..\r\n"), "{body}");
    assert!(server.heard_command("MAIL FROM:<hub@example.com>"));
    assert!(server.heard_command("RCPT TO:<ann@example.com>"));
}

#[tokio::test]
async fn log_in_is_sent_when_configured_and_its_refusal_is_told_apart() {
    let server = MailServer::start(Behaviour::Accept).await;
    let url = format!("smtp://hub:p%2Fw@{}", server.address);
    server.send_with(&url, &mail()).await.unwrap();
    assert!(server.heard_command("AUTH PLAIN AGh1YgBwL3c=")); // \0hub\0p/w

    let strict = MailServer::start(Behaviour::Say { at: "AUTH", reply: "535 no\r\n" }).await;
    let url = format!("smtp://hub:wrong@{}", strict.address);
    assert_eq!(strict.send_with(&url, &mail()).await, Err(CallError::Reauth));
    assert!(!strict.heard_command("MAIL"));
}

#[tokio::test]
async fn one_message_goes_to_all_whom_the_server_takes_it_for() {
    let to = |addresses: &[&str]| addresses.iter().map(|&address| address.to_owned()).collect::<Vec<_>>();
    let server = MailServer::start(Behaviour::Accept).await;
    let smtp = Smtp::from_url(&format!("smtp://{}", server.address).into(), "hub@example.com").unwrap();
    let taken = smtp.send_to_all(&to(&["ann@example.com", "no address", "bob@example.com"]), "Hello", "text").await;
    assert_eq!(taken, Ok(2));
    let [message] = server.messages().try_into().unwrap();
    assert!(message.contains("To: ann@example.com, bob@example.com"), "{message}");
    for nobody in [to(&[]), to(&["no address"])] {
        assert!(matches!(smtp.send_to_all(&nobody, "Hello", "text").await, Err(CallError::Refused { .. })));
    }
    let unknown = MailServer::start(Behaviour::SayOnce { at: "RCPT", reply: "550 unknown\r\n" }).await;
    let smtp = Smtp::from_url(&format!("smtp://{}", unknown.address).into(), "hub@example.com").unwrap();
    assert_eq!(smtp.send_to_all(&to(&["gone@example.com", "bob@example.com"]), "Hello", "text").await, Ok(1));
    assert_eq!(unknown.messages().len(), 1);
}

#[tokio::test]
async fn refused_recipient_and_refused_content_are_final() {
    let unknown = Behaviour::Say { at: "RCPT", reply: "550 5.1.1 ann@example.com unknown\r\n" };
    assert_eq!(code(MailServer::start(unknown).await.send(&mail()).await), "550");
    let spam = MailServer::start(Behaviour::Say { at: MESSAGE, reply: "554 spam\r\n" }).await;
    assert_eq!(code(spam.send(&mail()).await), "554");
    assert!(spam.messages().is_empty());
}

#[tokio::test]
async fn busy_server_is_tried_later() {
    for behaviour in [
        Behaviour::Say { at: "RCPT", reply: "451 greylisted\r\n" },
        Behaviour::Say { at: MESSAGE, reply: "452 full\r\n" },
        Behaviour::Cut { at: "EHLO" },
        Behaviour::Cut { at: "DATA" },
    ] {
        assert_eq!(MailServer::start(behaviour).await.send(&mail()).await, Err(later()));
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let nobody = Smtp::from_url(&url.into(), "hub@example.com").unwrap();
    assert_eq!(nobody.send(&mail()).await, Err(later()));
}

#[tokio::test]
async fn connection_lost_after_the_message_leaves_its_fate_unknown() {
    for behaviour in [Behaviour::Cut { at: MESSAGE }, Behaviour::Say { at: MESSAGE, reply: "what?\r\n" }] {
        let server = MailServer::start(behaviour).await;
        assert_eq!(server.send(&mail()).await, Err(CallError::Unknown));
    }
}

#[tokio::test]
async fn silence_is_given_up_and_means_what_it_means_at_that_point() {
    for (at, outcome) in [("EHLO", later()), ("RCPT", later()), (MESSAGE, CallError::Unknown)] {
        let server = MailServer::start(Behaviour::FallSilent { at }).await;
        let give_up = async {
            server.heard.silent.notified().await;
            tokio::time::pause();
            tokio::time::advance(Duration::from_mins(2)).await;
            tokio::time::resume();
        };
        let mail = mail();
        let (sent, ()) = tokio::join!(server.send(&mail), give_up);
        assert_eq!(sent, Err(outcome), "silent at {at}");
    }
}

#[tokio::test]
async fn goodbye_that_fails_does_not_undo_the_delivery() {
    let server = MailServer::start(Behaviour::Cut { at: "QUIT" }).await;
    assert_eq!(server.send(&mail()).await, Ok(()));
    assert_eq!(server.messages().len(), 1);
}

#[tokio::test]
async fn server_without_tls_gets_nothing_when_tls_is_required() {
    let server = MailServer::start(Behaviour::Accept).await;
    let url = format!("smtp://hub:pw@{}?tls=required", server.address);
    assert_eq!(code(server.send_with(&url, &mail()).await), "tls");
    assert!(!server.heard_command("AUTH") && !server.heard_command("MAIL"));
}

#[tokio::test]
async fn plain_server_at_a_tls_address_is_a_mistake_in_the_settings() {
    let server = MailServer::start(Behaviour::Accept).await;
    let url = format!("smtps://hub:pw@{}", server.address);
    assert_eq!(code(server.send_with(&url, &mail()).await), "tls");
}

#[tokio::test]
async fn headers_and_commands_cannot_be_injected() {
    let server = MailServer::start(Behaviour::Accept).await;
    for to in [
        "ann@example.com\r\nBcc: eve@example.com",
        "ann@example.com>\r\nRCPT TO:<eve@example.com",
        "ann@example.com, eve@example.com",
        "Ann\r\nBcc: eve@example.com <ann@example.com>",
        "änn@example.com",
        "ann",
        "",
    ] {
        assert_eq!(code(server.send(&Letter { to: to.into(), ..mail() }).await), "address", "{to:?}");
    }
    for subject in ["Hello\r\nBcc: eve@example.com", "Hello\nBcc: eve@example.com", "Hello\0"] {
        assert_eq!(code(server.send(&Letter { subject: subject.into(), ..mail() }).await), "subject", "{subject:?}");
    }
    let text = "\r\n.\r\nMAIL FROM:<eve@example.com>\r\n".to_owned();
    server.send(&Letter { text, ..mail() }).await.unwrap();
    assert_eq!(server.messages().len(), 1);
    assert!(!server.heard_command("MAIL FROM:<eve"));
    assert!(!format!("{:?}", mail()).contains("inv_"));
}
