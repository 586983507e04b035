//! A real browser without a window, spoken to over its own protocol (Chrome DevTools).

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long the browser may take for anything: a first start on a busy machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page. Ends with it.
pub(crate) struct Browser {
    child: Child,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    page: String,
    asked: u64,
    /// What has happened on the page and nobody has asked for.
    events: VecDeque<Value>,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a Chromium is; `None`, said aloud, when there is none.
fn chromium() -> Option<String> {
    let known = std::env::var("CHROMIUM").ok();
    let found = known.into_iter().chain(["chromium", "chromium-browser", "google-chrome"].map(str::to_owned));
    let found = found.into_iter().find(|name| {
        let tried = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    });
    if found.is_none() {
        println!("skipped: there is no Chromium here; tests/run installs one");
    }
    found
}

impl Browser {
    /// Starts a browser with an empty page, if there is one here.
    pub(crate) async fn start() -> Option<Browser> {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(chromium()?)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let address = tokio::task::spawn_blocking(move || {
            let mut lines = said.lines().map_while(Result::ok);
            let found = lines.find_map(|line| line.strip_prefix("DevTools listening on ").map(str::to_owned));
            // What it says later is read to the end, so that it never waits for a reader.
            std::thread::spawn(move || lines.for_each(drop));
            found
        });
        let address =
            tokio::time::timeout(PATIENCE, address).await.unwrap().unwrap().expect("it says where it listens");
        let (socket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
        let events = VecDeque::new();
        let mut browser = Browser { child, socket, page: String::new(), asked: 0, events, _profile: profile };
        let made = browser.ask("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", attach).await;
        browser.page = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.ask(&format!("{domain}.enable"), json!({})).await;
        }
        Some(browser)
    }

    /// Asks for something and waits until it is done.
    pub(crate) async fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut question = json!({ "id": self.asked, "method": method, "params": parameters });
        if !self.page.is_empty() {
            question["sessionId"] = json!(self.page);
        }
        self.socket.send(Message::text(question.to_string())).await.unwrap();
        loop {
            let said = self.hear().await;
            if said["id"] == json!(self.asked) {
                assert!(said.get("error").is_none(), "{method}: {said}");
                return said["result"].clone();
            }
            self.events.push_back(said);
        }
    }

    async fn hear(&mut self) -> Value {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("the browser answers");
            if let Message::Text(text) = next.unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// Opens a file and waits until it is there.
    pub(crate) async fn open(&mut self, file: &Path) {
        self.events.clear();
        self.ask("Page.navigate", json!({ "url": format!("file://{}", file.display()) })).await;
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.hear().await;
            self.events.push_back(event);
        }
    }

    /// What an expression on the page is, or what it promises.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let found = self.ask("Runtime.evaluate", parameters).await;
        assert!(found.get("exceptionDetails").is_none(), "{expression}: {found}");
        found["result"]["value"].clone()
    }

    /// What the page has asked the network for, but for itself.
    pub(crate) fn requests(&self) -> Vec<String> {
        let sent = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        let others = sent.filter(|event| event["params"]["type"] != "Document");
        others.map(|event| event["params"]["request"]["url"].to_string()).collect()
    }

    /// What the page has complained of.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let complains = |event: &&Value| {
            ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"]
                .contains(&event["method"].as_str().unwrap_or_default())
        };
        self.events.iter().filter(complains).map(ToString::to_string).collect()
    }
}
