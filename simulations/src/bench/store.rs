//! `bench store`: how many steps of trips become durable in a second, and how long each waits for it, beside one commit
//! for each step in the same store on the same disk.
//!
//! Lives here: which cases there are, the crowds that write, the rounds.
//! Stays out: the stores and the committer (`persistence`).
//! Touch with care: every step is legal and is checked by the store's guard as in service; both sides write the same kind of
//! rides, and a step that is refused ends the comparison.

mod rides;

use std::sync::Arc;
use std::time::{Duration, Instant};

use persistence::{Committer, Guarded, PostgresStore, QUEUE_DEFAULT, SqliteStore, Store};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use rides::{Rider, riders};

use super::{Failure, Progress, Row, Samples, Settings, Target, turns};
use crate::chaos::Postgres;

const OURS: &str = "ours";
const ONE_EACH: &str = "one commit for each step";

/// How many riders write at the same time when as much as possible is asked for.
const AT_ONCE: usize = 512;

/// How many connections commit one step after the other, in a store that can have several; each for a shard of its own,
/// or they would wait for each other.
const CONNECTIONS: usize = 8;

/// Steps a second, as they come in a city; and what is measured of them.
const RATES: [(f64, &str, &str); 3] = [
    (200.0, "200/s p50", "200/s p99"),
    (1_000.0, "1,000/s p50", "1,000/s p99"),
    (5_000.0, "5,000/s p50", "5,000/s p99"),
];

const AS_MANY: &str = "steps/s";

type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// Where steps go.
#[derive(Clone)]
enum Way {
    /// To the queue that commits them together.
    Together(Committer),
    /// To the one of these that writes for the rider's shard, which commits each step by itself.
    OneEach(Arc<Vec<Mutex<Arc<dyn Store>>>>),
}

impl Way {
    /// The next step of a rider.
    async fn write(&self, rider: &mut Rider) -> Result<(), Wrong> {
        let step: Guarded = rider.next_step()?;
        let outcome = match self {
            Way::Together(committer) => committer.submit(step)?.await?,
            Way::OneEach(stores) => {
                let store = stores[rider.place() % stores.len()].lock().await;
                store.commit(vec![step]).await.pop().ok_or("the store said nothing")?
            }
        };
        Ok(outcome.map(|_| ())?)
    }
}

/// One store under comparison: both ways into it, and who goes them.
struct Case {
    name: &'static str,
    ways: [(&'static str, Way, Vec<Rider>); 2],
    /// What it lives in, until the end.
    _home: (tempfile::TempDir, Option<Postgres>),
}

/// Measures what the settings ask for.
///
/// # Errors
/// When nothing is called what the filter says, or a store fails. A store that cannot be started is a row that says so.
pub fn run(settings: &Settings) -> Result<Vec<Row>, Failure> {
    let wanted: Vec<&str> = ["postgres", "sqlite"].into_iter().filter(|name| settings.wants(name)).collect();
    if wanted.is_empty() {
        return Err(format!("no case contains {:?}: try --filter postgres, sqlite", settings.filter).into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let rounds = if settings.quick { 1 } else { 3 };
    let progress = Progress::new(wanted.len() * rounds * 2 * (RATES.len() + 1));
    let mut rows = Vec::new();
    for name in wanted {
        let measured = runtime.block_on(async {
            match case(name).await {
                Ok(case) => compare(case, rounds, settings.quick, &progress).await,
                Err(why) => Ok(vec![Row::new(name, AS_MANY, None, (ONE_EACH, None), None).because(why.to_string())]),
            }
        });
        rows.extend(measured.map_err(|why| why as Failure)?);
    }
    Ok(rows)
}

async fn case(name: &'static str) -> Result<Case, Wrong> {
    let folder = tempfile::Builder::new().prefix("hansom-bench").tempdir()?;
    let (mut stores, postgres): (Vec<Arc<dyn Store>>, _) = match name {
        "postgres" => {
            let postgres = Postgres::start(&folder.path().join("postgres")).await?;
            PostgresStore::migrate(&postgres.direct()).await?;
            let mut stores: Vec<Arc<dyn Store>> = Vec::new();
            for _ in 0..=CONNECTIONS {
                stores.push(Arc::new(PostgresStore::open(&postgres.direct()).await?));
            }
            (stores, Some(postgres))
        }
        // It has one writer: a second one who commits by himself would be let into the same transaction.
        _ => {
            let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).await?);
            (vec![Arc::clone(&store), store], None)
        }
    };
    let ours = stores.remove(0);
    let together = riders(&ours, 0, AT_ONCE).await?;
    let mut each = Vec::with_capacity(AT_ONCE);
    for (place, store) in stores.iter().enumerate() {
        each.extend(riders(store, place + 1, AT_ONCE / stores.len()).await?);
    }
    let ways = [
        (OURS, Way::Together(Committer::start(ours, QUEUE_DEFAULT)), together),
        (ONE_EACH, Way::OneEach(Arc::new(stores.into_iter().map(Mutex::new).collect())), each),
    ];
    Ok(Case { name, ways, _home: (folder, postgres) })
}

async fn compare(mut case: Case, rounds: usize, quick: bool, progress: &Progress) -> Result<Vec<Row>, Wrong> {
    let lasts = if quick { Duration::from_millis(500) } else { Duration::from_secs(2) };
    let mut samples = Samples::default();
    for round in 0..rounds {
        // How long steps wait is asked of a disk at rest: what as many as possible leave behind, tens of thousands of pages
        // that the kernel writes in the seconds after, would else be waited for by whoever comes next.
        for turn in turns(round, 2) {
            let (who, way, riders) = &mut case.ways[turn];
            progress.next(&format!("{}: {who}", case.name));
            for (rate, middle, late) in RATES {
                let mut took = at_a_rate(way, riders, rate, lasts).await?;
                took.sort_unstable();
                let ms = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1e3;
                samples.note(who, middle, ms(50));
                samples.note(who, late, ms(99));
                progress.step();
            }
        }
        for turn in turns(round, 2) {
            let (who, way, riders) = &mut case.ways[turn];
            samples.note(who, AS_MANY, as_many_as_possible(way, riders, lasts).await?);
            progress.step();
        }
        settle_down(lasts).await;
    }
    let row = |thing, unit, target| {
        let (ours, peer) = (samples.median(OURS, thing), samples.median(ONE_EACH, thing));
        Row::new(format!("{} {thing}", case.name), unit, ours, (ONE_EACH, peer), target)
    };
    let mut rows = vec![row(AS_MANY, "1/s", Some(Target::times_more(10.0)))];
    rows.extend(RATES.iter().flat_map(|(_, middle, late)| [row(middle, "ms", None), row(late, "ms", None)]));
    Ok(rows)
}

/// Waits until the disk has taken what was written, as far as the system can be told to see to it.
async fn settle_down(lasts: Duration) {
    // Where there is no such command the next round waits a little longer instead.
    if !tokio::process::Command::new("sync").status().await.is_ok_and(|done| done.success()) {
        tokio::time::sleep(lasts * 4).await;
    }
}

/// Every rider writes the next step as soon as the last is acknowledged. Steps a second.
async fn as_many_as_possible(way: &Way, riders: &mut Vec<Rider>, lasts: Duration) -> Result<f64, Wrong> {
    let began = Instant::now();
    let mut writing = JoinSet::new();
    for mut rider in riders.drain(..) {
        let way = way.clone();
        writing.spawn(async move {
            let mut steps = 0_u32;
            while began.elapsed() < lasts {
                way.write(&mut rider).await?;
                steps += 1;
            }
            Ok::<_, Wrong>((rider, steps))
        });
    }
    let mut steps = 0;
    while let Some(written) = writing.join_next().await {
        let (rider, written) = written??;
        steps += written;
        riders.push(rider);
    }
    Ok(f64::from(steps) / began.elapsed().as_secs_f64())
}

/// Steps come at a rate, whether the last ones are acknowledged or not. How long each took from when it came; when all
/// riders still wait, the next step waits for the first of them, and that counts, too.
async fn at_a_rate(way: &Way, riders: &mut Vec<Rider>, rate: f64, lasts: Duration) -> Result<Vec<Duration>, Wrong> {
    let began = Instant::now();
    let (mut writing, mut took) = (JoinSet::new(), Vec::new());
    for number in 0..(rate * lasts.as_secs_f64()) as u32 {
        if began.elapsed() > lasts * 2 {
            // Whoever cannot keep up would be measured for as long as he takes; that he cannot is seen by now.
            break;
        }
        let due = began + Duration::from_secs_f64(f64::from(number) / rate);
        tokio::time::sleep_until(due.into()).await;
        while let Some(written) = writing.try_join_next() {
            settle(written?, riders, &mut took)?;
        }
        while riders.is_empty() {
            let written = writing.join_next().await.ok_or("every rider is gone")?;
            settle(written?, riders, &mut took)?;
        }
        let Some(mut rider) = riders.pop() else { continue };
        let way = way.clone();
        writing.spawn(async move {
            way.write(&mut rider).await?;
            Ok::<_, Wrong>((rider, due.elapsed()))
        });
    }
    while let Some(written) = writing.join_next().await {
        settle(written?, riders, &mut took)?;
    }
    Ok(took)
}

fn settle(
    written: Result<(Rider, Duration), Wrong>,
    riders: &mut Vec<Rider>,
    took: &mut Vec<Duration>,
) -> Result<(), Wrong> {
    let (rider, lasted) = written?;
    riders.push(rider);
    took.push(lasted);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_stores_are_measured_both_ways() {
        let rows = run(&Settings { quick: true, ..Settings::default() }).unwrap();
        assert_eq!(rows.len(), 2 * (1 + 2 * RATES.len()));
        for row in rows {
            assert!(row.ours.is_some() && row.peer.is_some() && row.skipped.is_none(), "{row:?}");
        }
    }
}
