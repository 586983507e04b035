//! Snapshots of the shards of this node: taken every two seconds, asked for when a shard is claimed.
//!
//! Lives here: when they are taken, and which of what comes back is believed.
//! Stays out: their form and where they are kept (`persistence`), what a hint does to a driver (`dispatch`).
//! Touch with care: nobody waits for this. A shard that is too busy to answer is left out once; a keeper that does not
//! answer costs hints, and a gauge says so.

use std::sync::Arc;
use std::time::Duration;

use dispatch::{Epoch, HINT_LIVES, Hint, Learned, ShardId, Wish};
use persistence::{BadSnapshot, Snapshot, SnapshotError, Snapshots};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use crate::letters::TakeSnapshot;
use crate::office::Shared;

/// How often a shard in which something happened is kept. What a crash forgets of a driver is at most this old.
const KEEP_EVERY: Duration = Duration::from_secs(2);

/// How long all shards together may take to say what they know.
const SHARDS_ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Takes snapshots for as long as the node lives, if there is a place for them.
pub(crate) fn start(shared: &Shared) -> Option<tokio::task::JoinHandle<()>> {
    let (shared, snapshots) = (shared.clone(), shared.snapshots.clone()?);
    Some(tokio::spawn(async move {
        let mut tick = interval(KEEP_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut healthy = None;
        loop {
            tick.tick().await;
            let outcome = take(&shared, &snapshots).await;
            note(&shared, outcome, &mut healthy);
        }
    }))
}

/// Takes one more snapshot: the last one, when the node stops.
pub(crate) async fn take_last(shared: &Shared) {
    if let Some(snapshots) = shared.snapshots.clone() {
        let outcome = take(shared, &snapshots).await;
        note(shared, outcome, &mut None);
    }
}

/// Asks every shard, then keeps what they said in one go.
async fn take(shared: &Shared, snapshots: &Arc<dyn Snapshots>) -> Result<usize, SnapshotError> {
    // Every question is in its mailbox before the first answer is waited for.
    let asked: Vec<_> = shared.routes.all().into_iter().map(|(_, door)| door.addr.send(TakeSnapshot)).collect();
    let mut taken: Vec<Snapshot> = Vec::with_capacity(asked.len());
    let answers = async {
        for answer in asked {
            taken.extend(answer.await.ok().flatten());
        }
    };
    if timeout(SHARDS_ANSWER_WITHIN, answers).await.is_err() {
        shared.metrics.snapshots.with_label_values(&["late"]).inc();
    }
    let at_work = |hint: &&Hint| hint.memory.wish == Wish::Work;
    let positions: Vec<_> = taken
        .iter()
        .flat_map(|snapshot| snapshot.hints.iter().filter(at_work))
        .map(|hint| (hint.driver().clone(), hint.last.point))
        .collect();
    let blobs: Vec<_> = taken.iter().map(|snapshot| (snapshot.shard, snapshot.to_bytes())).collect();
    let kept = blobs.len();
    // Also when there is nothing to keep: those who are gone are to be taken out.
    snapshots.show(positions).await?;
    // Nor is this left out: whether there is a place for them is to be known before they are needed.
    snapshots.keep(blobs).await?;
    Ok(kept)
}

/// Counts, and says so once when it begins to fail, and once when it is well again.
fn note(shared: &Shared, outcome: Result<usize, SnapshotError>, healthy: &mut Option<bool>) {
    let is_healthy = outcome.is_ok();
    shared.metrics.snapshots_healthy.set(i64::from(is_healthy));
    match outcome {
        Ok(kept) => {
            shared.metrics.snapshots.with_label_values(&["kept"]).inc_by(kept as u64);
            if *healthy == Some(false) {
                info!("snapshots are kept again");
            }
        }
        Err(why) => {
            shared.metrics.snapshots.with_label_values(&["failed"]).inc();
            if *healthy != Some(false) {
                warn!(error = &why as &dyn std::error::Error, "snapshots are not kept: a recovery would be colder");
            }
        }
    }
    *healthy = Some(is_healthy);
}

/// What the last owner of a shard knew that no row holds.
#[derive(Debug, Default)]
pub(crate) struct Recalled {
    pub(crate) hints: Vec<Hint>,
    pub(crate) learned: Learned,
}

/// What the last owner of a shard knew of its drivers and its ground, as far as that can be believed by the owner of
/// `epoch`.
pub(crate) async fn recall(shared: &Shared, shard: ShardId, epoch: Epoch) -> Recalled {
    let Some(snapshots) = &shared.snapshots else { return Recalled::default() };
    let now = shared.clock.now();
    let read = snapshots.last(shard).await.map(|bytes| bytes.map(|bytes| Snapshot::from_bytes(&bytes)));
    let (outcome, snapshot) = match read {
        Ok(Some(Ok(snapshot))) if snapshot.shard != shard => ("foreign", None),
        // Of this owner or a later one: whoever wrote that is not the past of this epoch.
        Ok(Some(Ok(snapshot))) if snapshot.epoch >= epoch => ("later_owner", None),
        Ok(Some(Ok(snapshot))) if snapshot.taken_at > now + HINT_LIVES => ("future", None),
        // What is known of drivers is old soon; what was learned of the ground is not.
        Ok(Some(Ok(snapshot))) if !snapshot.hints.iter().any(|hint| hint.is_fresh(now)) => ("old", Some(snapshot)),
        Ok(Some(Ok(snapshot))) => ("used", Some(snapshot)),
        Ok(Some(Err(BadSnapshot::Torn))) => ("torn", None),
        Ok(Some(Err(BadSnapshot::Foreign))) => ("foreign", None),
        Ok(Some(Err(BadSnapshot::Version(_)))) => ("version", None),
        Ok(None) => ("none", None),
        Err(_) => ("unreachable", None),
    };
    shared.metrics.snapshots.with_label_values(&[outcome]).inc();
    if !matches!(outcome, "used" | "none") {
        warn!(%shard, outcome, "a shard begins without hints");
    }
    let Some(Snapshot { hints, learned, .. }) = snapshot else { return Recalled::default() };
    Recalled { hints: hints.into_iter().filter(|hint| hint.is_fresh(now)).collect(), learned }
}
