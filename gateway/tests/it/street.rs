//! People of the tests: a server, phones, riders. Everything is awaited, nothing is slept for.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::{Given, Identity, Limits, Role, Secret, SecretFrom, Server, Settings};
use persistence::MemoryStore;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// Nothing here takes this long; a test that would wait for ever fails instead.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A pickup in Manhattan, and places a little north of it.
pub(crate) fn place(north: f64) -> Value {
    json!({"lat": 40.75 + north / 1000.0, "lon": -73.98})
}

pub(crate) fn settings() -> Settings {
    let mut settings = Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        secret: SecretFrom::Given(Secret::new(SECRET).unwrap()),
        ..Settings::default()
    };
    settings.city.arbiters = 1;
    settings.city.policy.match_every = Duration::from_millis(50);
    settings
}

pub(crate) async fn serve(settings: Settings) -> Server {
    let store: Arc<dyn persistence::Store> = Arc::new(MemoryStore::default());
    gateway::serve(settings, Given { store: Some(store), ..Given::default() }).await.unwrap()
}

pub(crate) async fn server() -> Server {
    serve(settings()).await
}

pub(crate) async fn server_with(limits: Limits) -> Server {
    serve(Settings { limits, ..settings() }).await
}

pub(crate) fn token(server: &Server, role: Role, name: &str) -> String {
    server.keys().mint(&Identity::new(role, name).unwrap(), Duration::from_secs(3_600)).unwrap()
}

/// A number in the text of `/metrics`; nothing counted yet is 0.
pub(crate) async fn counted(server: &Server, metric: &str) -> f64 {
    let text = reqwest::get(format!("{}/metrics", server.url())).await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.strip_prefix(metric).is_some_and(|rest| rest.starts_with(' ')));
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

// ---- HTTP --------------------------------------------------------------------------------------------------------

pub(crate) fn request(server: &Server, method: Method, path: &str, token: &str) -> RequestBuilder {
    reqwest::Client::new().request(method, format!("{}{path}", server.url())).bearer_auth(token)
}

pub(crate) fn ask(server: &Server, rider: &str, key: &str, north: f64) -> RequestBuilder {
    let body = json!({"pickup": place(north), "dropoff": place(north + 5.0)});
    request(server, Method::POST, "/v1/trips", &token(server, Role::Rider, rider))
        .header("Idempotency-Key", key)
        .json(&body)
}

pub(crate) async fn json_of(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status} {text}")))
}

/// A problem, checked for its shape: status and code.
pub(crate) async fn problem(response: Response) -> (u16, String, Value) {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert!(response.headers().contains_key("x-request-id"));
    let (status, body) = json_of(response).await;
    assert_eq!(body["status"], status);
    for field in ["type", "title", "detail", "code"] {
        assert!(body[field].is_string(), "{body}");
    }
    (status, body["code"].as_str().unwrap().to_owned(), body)
}

// ---- sockets -----------------------------------------------------------------------------------------------------

/// One end of a WebSocket.
pub(crate) struct Phone(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Phone {
    pub(crate) async fn connect(server: &Server, path: &str, token: &str) -> Result<Phone, Error> {
        let mut request = format!("ws://{}{path}", server.addr).into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        connect_async(request).await.map(|(socket, _)| Phone(socket))
    }

    /// A driver's phone, connected and welcomed.
    pub(crate) async fn of(server: &Server, driver: &str) -> Phone {
        let mut phone = Phone::connect(server, "/v1/driver", &token(server, Role::Driver, driver)).await.unwrap();
        assert_eq!(phone.hear().await["type"], "welcome");
        assert_eq!(phone.hear().await["type"], "standing");
        phone
    }

    /// A driver's phone, on line a little north: the city is sure to have its position.
    pub(crate) async fn on_line(server: &Server, driver: &str, north: f64) -> Phone {
        let mut phone = Phone::of(server, driver).await;
        let mut online = place(north);
        online["type"] = "online".into();
        online["id"] = 1.into();
        phone.say(online).await;
        phone.hear_until(|heard| heard["type"] == "standing" && heard["re"] == 1).await;
        phone
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message in time")
    }

    /// The next message that is about the driver; heartbeats are answered on the way, and how often to say where one is
    /// is for those who listen to it.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            let heard = self.hear_any().await;
            if heard["type"] != "cadence" {
                return heard;
            }
        }
    }

    /// The next message; heartbeats are answered on the way.
    pub(crate) async fn hear_any(&mut self) -> Value {
        loop {
            match self.next().await.expect("the socket is open").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("heard {other:?}"),
            }
        }
    }

    /// The next message that fits.
    pub(crate) async fn hear_until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let heard = self.hear().await;
            if fits(&heard) {
                return heard;
            }
        }
    }

    pub(crate) async fn hear_type(&mut self, kind: &str) -> Value {
        self.hear_until(|heard| heard["type"] == kind).await
    }

    /// The answer to a message.
    pub(crate) async fn answer(&mut self, message: Value) -> Value {
        let id = message["id"].clone();
        assert!(id.is_u64(), "an answer needs a number");
        self.say(message).await;
        self.hear_until(|heard| heard["re"] == id).await
    }

    /// The close code, after everything else was heard.
    pub(crate) async fn closed(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut heard = Vec::new();
        loop {
            match self.next().await {
                Some(Ok(Message::Text(text))) => heard.push(serde_json::from_str::<Value>(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => {
                    heard.retain(|heard| heard["type"] != "cadence");
                    return (heard, frame.map(|CloseFrame { code, .. }| code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (heard, None),
            }
        }
    }
}

/// The HTTP answer to a handshake that was refused.
pub(crate) fn refused(error: Error) -> (u16, Value) {
    let Error::Http(response) = error else { panic!("{error}") };
    let body = response.body().as_deref().unwrap_or_default();
    (response.status().as_u16(), serde_json::from_slice(body).unwrap())
}
