//! The API's description of itself: the OpenAPI document, Swagger UI without a CDN, and what each problem code means.

use std::sync::Arc;

use axum::{Extension, Json, response::Html};
use utoipa::{
    OpenApi,
    openapi::{
        self, ContentBuilder, Ref, RefOr, ResponseBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_swagger_ui::SwaggerUi;

use socialai_domain::problems::Code;

use crate::{
    audit_log::ExportFormat,
    events::{LiveTyping, Ready},
    problem::ProblemDocument,
    state::App,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "SocialAI Hub",
        description = "Every operation names the permission that it needs under `security`. Errors are problem documents (`application/problem+json`) with a stable `code`; lists are pages with a `next` cursor; `Idempotency-Key` makes a POST safe to repeat.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/api/v1")),
    components(schemas(ProblemDocument, ExportFormat, Ready, LiveTyping)),
)]
struct Base;

pub fn base() -> openapi::OpenApi {
    Base::openapi()
}

/// Adds what is the same everywhere: the token scheme and the problem answer.
pub fn finish(mut document: openapi::OpenApi) -> openapi::OpenApi {
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "An access token from `/auth/login`, or an API key (`sk_…`). The scopes of an operation are the permissions it needs.",
    ));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    let visitor = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token of a visitor's session in a web chat, from `/web-chat/{key}/sessions`."));
    components.add_security_scheme("visitor", SecurityScheme::Http(visitor.build()));
    for (path, item) in &mut document.paths.paths {
        let operations: [(&str, &mut Option<Operation>); 5] = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            operation.operation_id = Some(operation_id(method, path));
            let content =
                ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("ProblemDocument")))).build();
            let problem = ResponseBuilder::new()
                .description("Anything that went wrong, as a problem document.")
                .content("application/problem+json", content);
            operation.responses.responses.insert("default".to_owned(), RefOr::T(problem.build()));
        }
    }
    document
}

/// `get_users_id` for `GET /users/{id}`: unique, because method and path are.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

#[derive(Clone)]
pub struct Document(pub Arc<openapi::OpenApi>);

pub async fn openapi(Extension(Document(document)): Extension<Document>) -> Json<openapi::OpenApi> {
    Json(document.as_ref().clone())
}

pub fn swagger() -> axum::Router<App> {
    let config = utoipa_swagger_ui::Config::from("/api/v1/openapi.json");
    axum::Router::from(SwaggerUi::new("/docs").config(config)).with_state(())
}

/// What each code means and what to do; the `type` of every problem document points here.
pub async fn problems() -> Html<String> {
    let rows: Vec<String> = Code::ALL
        .iter()
        .map(|code| {
            let (name, status, title, advice) = (code.name(), code.status(), code.title(), code.advice());
            format!(
                "<tr id=\"{name}\"><td><code>{name}</code><td>{status}<td>{title}<td>{}",
                advice.replace('<', "&lt;")
            )
        })
        .collect();
    Html(include_str!("problems_page.html").replace("{rows}", &rows.concat()))
}
