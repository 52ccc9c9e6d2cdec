//! The page on which a person plays a customer: who they are, whom they write to, and the talk between the two, which
//! shows at once what the company answers. Forms that anybody can use; a script of a few lines only fetches the talk
//! again. Everything from outside is escaped, and a form that another site sends is refused.

use std::{collections::HashMap, fmt::Write};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
};
use rand::random;
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, macros::format_description};
use url::form_urlencoded;

use crate::{
    page::{escaped, push, under},
    scene::Scene,
};

/// Who is there.
#[derive(Debug, Clone)]
pub struct Stage {
    /// `message`, `comment`: what a person can write.
    pub surfaces: &'static [&'static str],
    pub accounts: Vec<Named>,
    pub people: Vec<Named>,
}

#[derive(Debug, Clone)]
pub struct Named {
    pub id: String,
    pub name: String,
}

/// One message or comment, as the person sees it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Line {
    pub id: String,
    pub is_from_company: bool,
    pub author: String,
    /// The post under which it stands, if it is a comment.
    pub post: Option<String>,
    pub text: String,
    pub image: Option<String>,
    pub at: OffsetDateTime,
    pub is_edited: bool,
    pub is_gone: bool,
    pub is_read: bool,
    pub reaction: Option<String>,
}

/// A request below `/{name}/play`.
pub struct Asked<'a> {
    pub rest: &'a str,
    pub query: Option<&'a str>,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
}

const STYLE: &str = include_str!("play/style.css");
const SCRIPT: &str = include_str!("play/script.js");
/// Fields of a form that an act takes as they are.
const FIELDS: [&str; 6] = ["account", "text", "message", "reply_to", "reaction", "post"];

struct Chosen {
    account: String,
    person: String,
}

pub async fn answer(scene: &Scene, name: &str, method: &Method, asked: Asked<'_>) -> Response<Body> {
    let Ok(Some(stage)) = scene.stage(name) else {
        return note(StatusCode::NOT_FOUND, "There is nobody to play here.");
    };
    let query = asked.query.unwrap_or_default();
    match (method, asked.rest) {
        (&Method::GET, "play") => page(name, &stage, &chosen(&stage, query), scene, query),
        (&Method::GET, "play/thread") => {
            let Chosen { account, person } = chosen(&stage, query);
            under("default-src 'none'", StatusCode::OK, thread(scene, name, &account, &person))
        }
        (&Method::POST, "play") if is_from_here(asked.headers) => act(scene, name, asked.body).await,
        (&Method::POST, "play") => note(StatusCode::FORBIDDEN, "Only the page itself may send this."),
        _ => note(StatusCode::NOT_FOUND, "There is no such page."),
    }
}

/// Browsers say where a form comes from.
fn is_from_here(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    matches!(site, None | Some("same-origin" | "none"))
}

fn fields(text: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn chosen(stage: &Stage, query: &str) -> Chosen {
    let mut given = fields(query.as_bytes());
    let mut pick = |name: &str, all: &[Named]| {
        let given = given.remove(name).filter(|id| all.iter().any(|it| it.id == *id));
        given.or_else(|| all.first().map(|it| it.id.clone())).unwrap_or_default()
    };
    Chosen { account: pick("account", &stage.accounts), person: pick("person", &stage.people) }
}

/// Does what the form says, and shows the page again.
async fn act(scene: &Scene, name: &str, body: &Bytes) -> Response<Body> {
    let mut form = fields(body);
    form.retain(|_, value| !value.trim().is_empty());
    let person = form.remove("new_person").or_else(|| form.get("person").cloned());
    let verb = form.remove("do").unwrap_or_default();
    let mut given: Map<String, Value> =
        FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), json!(form.remove(*name)?)))).collect();
    let account = given.get("account").and_then(Value::as_str).unwrap_or_default().to_owned();
    if matches!(verb.as_str(), "say" | "comment" | "read") {
        given.insert("person".to_owned(), json!(person));
    } else {
        given.remove("account");
    }
    if form.contains_key("image") {
        given.insert("image".to_owned(), json!(true));
    }
    if form.contains_key("is_mention") {
        given.insert("is_mention".to_owned(), json!(true));
    }
    let done = scene.act(name, &verb, given.into()).await;
    let mut back = form_urlencoded::Serializer::new(String::new());
    back.append_pair("account", &account);
    match done {
        Ok(told) => {
            back.append_pair("person", told["person"].as_str().or(person.as_deref()).unwrap_or_default());
        }
        Err(refused) => {
            back.append_pair("person", person.as_deref().unwrap_or_default());
            back.append_pair("refused", &refused.to_string());
        }
    }
    let mut response = note(StatusCode::SEE_OTHER, "Done.");
    if let Ok(to) = HeaderValue::from_str(&format!("/{name}/play?{}", back.finish())) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

fn page(name: &str, stage: &Stage, chosen: &Chosen, scene: &Scene, query: &str) -> Response<Body> {
    let nonce = hex::encode(random::<[u8; 16]>());
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{name} · play a customer</title><style>{STYLE}</style><main><h1>{name}</h1>\
         <p>You are a customer on a simulated {name}. <a href=\"/{name}/\">What the simulator holds</a></p>"
    );
    if let Some(sentence) = fields(query.as_bytes()).get("refused") {
        push(&mut page, format_args!("<p role=\"alert\">{}</p>", escaped(sentence)));
    }
    if stage.accounts.is_empty() {
        push(
            &mut page,
            format_args!(
                "<p>No company is here yet. Make one: <code>POST /_control/simulators/{name}/seed</code></p></main>"
            ),
        );
        return under("default-src 'none'; style-src 'unsafe-inline'", StatusCode::OK, page);
    }
    pick(&mut page, stage, chosen);
    let address = {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("account", &chosen.account).append_pair("person", &chosen.person);
        format!("/{name}/play/thread?{}", query.finish())
    };
    push(
        &mut page,
        format_args!(
            "<section id=\"thread\" aria-live=\"polite\" aria-label=\"Conversation\" data-from=\"{}\">{}</section>",
            escaped(&address),
            thread(scene, name, &chosen.account, &chosen.person),
        ),
    );
    compose(&mut page, name, stage, chosen);
    push(&mut page, format_args!("</main><script nonce=\"{nonce}\">{SCRIPT}</script>"));
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; connect-src 'self'; img-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    under(&policy, StatusCode::OK, page)
}

fn pick(page: &mut String, stage: &Stage, chosen: &Chosen) {
    page.push_str("<form method=\"get\" class=\"pick\">");
    for (label, name, all, present) in [
        ("You write to", "account", &stage.accounts, &chosen.account),
        ("You are", "person", &stage.people, &chosen.person),
    ] {
        if all.is_empty() {
            continue;
        }
        push(page, format_args!("<label>{label} <select name=\"{name}\">"));
        for Named { id, name } in all {
            let selected = if id == present { " selected" } else { "" };
            push(page, format_args!("<option value=\"{}\"{selected}>{}</option>", escaped(id), escaped(name)));
        }
        page.push_str("</select></label>");
    }
    page.push_str("<button>Show</button></form>");
}

fn compose(page: &mut String, name: &str, stage: &Stage, chosen: &Chosen) {
    push(page, format_args!("<form method=\"post\" action=\"/{name}/play\" class=\"compose\">"));
    hidden(page, "account", &chosen.account);
    hidden(page, "person", &chosen.person);
    page.push_str(
        "<label>As somebody new <input name=\"new_person\" maxlength=\"60\" placeholder=\"Name\" autocomplete=\"off\"></label>\
         <label>Text <textarea name=\"text\" rows=\"3\" maxlength=\"20000\"></textarea></label>\
         <label class=\"tick\"><input type=\"checkbox\" name=\"image\"> with a picture</label>",
    );
    if stage.surfaces.contains(&"mention") {
        page.push_str("<label class=\"tick\"><input type=\"checkbox\" name=\"is_mention\"> in a post of mine that names the company</label>");
    }
    page.push_str("<div class=\"row\">");
    if stage.surfaces.contains(&"message") {
        page.push_str("<button name=\"do\" value=\"say\" class=\"main\">Send message</button>");
    }
    if stage.surfaces.contains(&"comment") {
        page.push_str("<button name=\"do\" value=\"comment\">Comment in public</button>");
    }
    if stage.surfaces.contains(&"message") {
        page.push_str("<button name=\"do\" value=\"read\">Mark as read</button>");
    }
    page.push_str("</div></form>");
}

fn hidden(page: &mut String, name: &str, value: &str) {
    push(page, format_args!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)));
}

/// The talk as a piece of a page.
fn thread(scene: &Scene, name: &str, account: &str, person: &str) -> String {
    let lines = scene.lines(name, account, person).unwrap_or_default();
    let mut piece = String::new();
    if lines.is_empty() {
        piece.push_str("<p class=\"empty\">Nothing was said yet.</p>");
    }
    for line in &lines {
        show(&mut piece, name, account, person, line);
    }
    piece
}

fn show(piece: &mut String, name: &str, account: &str, person: &str, line: &Line) {
    let side = if line.is_from_company { "company" } else { "person" };
    push(piece, format_args!("<article class=\"{side}\"><header>{}", escaped(&line.author)));
    if let Some(post) = &line.post {
        push(piece, format_args!(" · comment under {}", escaped(post)));
    }
    piece.push_str("</header>");
    if line.is_gone {
        piece.push_str("<p class=\"gone\">Taken back</p>");
    } else {
        push(piece, format_args!("<p>{}</p>", escaped(&line.text)));
    }
    if let Some(image) = &line.image {
        // Only pictures of the simulator's own are shown: a page must not fetch what a stranger names.
        match image.find(&format!("/{name}/media/")) {
            Some(at) => push(piece, format_args!("<img alt=\"Picture\" src=\"{}\">", escaped(&image[at..]))),
            None => push(piece, format_args!("<p class=\"gone\">Picture: {}</p>", escaped(image))),
        }
    }
    let at = line.at.format(format_description!("[hour]:[minute]:[second]")).unwrap_or_default();
    let _ = write!(piece, "<footer>{at}");
    for (is_so, word) in [(line.is_edited, "edited"), (line.is_read, "read")] {
        if is_so {
            let _ = write!(piece, " · {word}");
        }
    }
    if let Some(reaction) = &line.reaction {
        let _ = write!(piece, " · {}", escaped(reaction));
    }
    piece.push_str("</footer>");
    if !line.is_gone {
        choices(piece, name, account, person, line);
    }
    piece.push_str("</article>");
}

/// What the person can do with a line.
fn choices(piece: &mut String, name: &str, account: &str, person: &str, line: &Line) {
    push(piece, format_args!("<details><summary>More</summary><form method=\"post\" action=\"/{name}/play\">"));
    hidden(piece, "account", account);
    hidden(piece, "person", person);
    if line.is_from_company {
        hidden(piece, "message", &line.id);
        piece.push_str(
            "<input type=\"hidden\" name=\"reaction\" value=\"\u{2764}\"><button name=\"do\" value=\"react\">\u{2764} React</button>",
        );
    } else {
        hidden(piece, "message", &line.id);
        push(
            piece,
            format_args!(
                "<label>New text <input name=\"text\" value=\"{}\"></label>\
             <button name=\"do\" value=\"edit\">Edit</button><button name=\"do\" value=\"unsend\">Take back</button>",
                escaped(&line.text),
            ),
        );
    }
    piece.push_str("</form>");
    if line.post.is_some() {
        push(piece, format_args!("<form method=\"post\" action=\"/{name}/play\">"));
        hidden(piece, "account", account);
        hidden(piece, "person", person);
        hidden(piece, "reply_to", &line.id);
        piece.push_str(
            "<label>Answer <input name=\"text\" required></label><button name=\"do\" value=\"comment\">Answer in public</button></form>",
        );
    }
    piece.push_str("</details>");
}

fn note(status: StatusCode, sentence: &str) -> Response<Body> {
    under("default-src 'none'", status, format!("<!doctype html><meta charset=\"utf-8\"><p>{}", escaped(sentence)))
}
