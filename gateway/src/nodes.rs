//! This process among those that serve on the same store: it says once a second that it lives.
//!
//! Stays out: what rests on it ([`crate::events`]); what others make of its silence (`persistence`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use persistence::Store;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

/// How often it says so: a fifth of what counts as silence.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// How long the farewell may take.
const LEAVES_WITHIN: Duration = Duration::from_secs(2);

/// The beat of a running server.
#[derive(Debug)]
pub(crate) struct Beat {
    store: Arc<dyn Store>,
    beating: JoinHandle<()>,
}

impl Beat {
    /// Begins to beat, under the name of this machine and its port. The first beat is over when this returns.
    pub(crate) async fn start(store: &Arc<dyn Store>, addr: SocketAddr) -> Beat {
        let name = format!("{}:{}", machine(), addr.port());
        let mut well = beats(store, &name, true).await;
        let (store, beaten) = (Arc::clone(store), Arc::clone(store));
        let beating = tokio::spawn(async move {
            loop {
                sleep(BEAT_EVERY).await;
                well = beats(&beaten, &name, well).await;
            }
        });
        Beat { store, beating }
    }

    /// Stops, and says so: nobody has to wait for the silence.
    pub(crate) async fn stop(self) {
        self.beating.abort();
        if !matches!(timeout(LEAVES_WITHIN, self.store.leave()).await, Ok(Ok(()))) {
            warn!("the store was not told that this process goes: others will notice its silence");
        }
    }
}

/// One beat. The log hears of the first that is lost, and of the next that is not.
async fn beats(store: &Arc<dyn Store>, name: &str, before: bool) -> bool {
    let beaten = store.beat(name).await;
    match &beaten {
        Err(error) if before => warn!(error = error as &dyn std::error::Error, "a beat was lost"),
        Ok(()) if !before => info!("the store takes beats again"),
        Ok(()) | Err(_) => {}
    }
    beaten.is_ok()
}

/// What this machine is called, for people: in a container, the pod's name.
fn machine() -> String {
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = std::env::var("HOSTNAME").ok().or_else(kernel).unwrap_or_default();
    let name: String = name.trim().chars().take(100).collect();
    if name.is_empty() { "unnamed".to_owned() } else { name }
}
