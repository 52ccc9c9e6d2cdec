//! What must hold for any body that strangers send to a webhook. `scripts/fuzz.sh` says how it is run.

use std::sync::{Arc, OnceLock};

use socialai_connect::social::{self, Connector, Setup};

/// No body breaks the parser, and reading it again tells the same: a delivery that was kept can be read anew.
pub fn webhook_body(platform: &str, body: &[u8]) {
    static CONNECTORS: OnceLock<Vec<Arc<dyn Connector>>> = OnceLock::new();
    let connectors = CONNECTORS.get_or_init(|| social::all(|_| Setup::default()));
    let connector = connectors.iter().find(|connector| connector.spec().platform == platform);
    let connector = connector.expect("the name of a platform");
    assert_eq!(connector.parse(body), connector.parse(body));
}
