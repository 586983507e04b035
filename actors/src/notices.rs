//! What the door of an app and the driver behind it share: one piece of memory for each session.
//!
//! Lives here: a bounded queue of notices with one end that hears and any number that say; how far the app has heard; the
//! place of its latest position.
//! Stays out: what is said, and what becomes of a position (see [`crate::pings`]).
//! Touch with care: there is one for each socket, and a position looks at all of it. `tokio`'s channel keeps room for 32
//! and pads its ends to cache lines: 0.8 KB, where this keeps nothing while nothing waits.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::pings::Waiting;
use crate::told::Told;

/// A channel in which so many wait at most.
pub(crate) fn channel(room: usize) -> (Sender, Receiver) {
    let queue = Mutex::new(Queue { waiting: VecDeque::new(), room, senders: 1, deaf: false, waker: None });
    let (news, confirmed, position) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::default());
    let desk = Arc::new(Desk { news, confirmed, position, queue });
    (Sender(Arc::clone(&desk)), Receiver { desk, waits: None })
}

/// Nobody hears any more, or too many wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotSent;

/// What both ends hold.
pub(crate) struct Desk {
    /// Whether there may be something to hear: written under the lock, read without it.
    news: AtomicBool,
    /// The number of the latest message that the app has confirmed.
    confirmed: AtomicU64,
    /// The latest position, until it is sent on.
    position: Mutex<Option<Waiting>>,
    queue: Mutex<Queue>,
}

impl Desk {
    /// The place of the latest position.
    pub(crate) fn position(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

struct Queue {
    waiting: VecDeque<Box<Told>>,
    room: usize,
    senders: usize,
    deaf: bool,
    waker: Option<Waker>,
}

fn lock(desk: &Desk) -> MutexGuard<'_, Queue> {
    desk.queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes who hears, if anybody waits: not under the lock, for whoever is woken takes it.
fn wake(desk: &Desk, mut queue: MutexGuard<'_, Queue>) {
    desk.news.store(true, Ordering::Release);
    let waker = queue.waker.take();
    drop(queue);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The end that says.
pub(crate) struct Sender(Arc<Desk>);

impl Sender {
    /// Says something, if there is room.
    ///
    /// # Errors
    /// [`NotSent`] when there is not, or nobody hears.
    pub(crate) fn try_send(&self, told: Box<Told>) -> Result<(), NotSent> {
        let mut queue = lock(&self.0);
        if queue.deaf || queue.waiting.len() >= queue.room {
            return Err(NotSent);
        }
        queue.waiting.push_back(told);
        wake(&self.0, queue);
        Ok(())
    }

    /// The number of the latest message that the app has confirmed.
    pub(crate) fn confirmed(&self) -> u64 {
        self.0.confirmed.load(Ordering::Relaxed)
    }
}

impl Clone for Sender {
    fn clone(&self) -> Sender {
        lock(&self.0).senders += 1;
        Sender(Arc::clone(&self.0))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let mut queue = lock(&self.0);
        queue.senders -= 1;
        if queue.senders == 0 {
            wake(&self.0, queue);
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// The end that hears.
pub(crate) struct Receiver {
    desk: Arc<Desk>,
    /// Who was left to be woken: while there is no news, there is no need to ask under the lock again.
    waits: Option<Waker>,
}

impl Receiver {
    /// What both ends hold.
    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Lets the other end know that the app has everything up to this number.
    pub(crate) fn confirm(&self, number: u64) {
        self.desk.confirmed.fetch_max(number, Ordering::Relaxed);
    }

    /// The next thing that is said; `None` when all of it was heard and nobody can say more.
    pub(crate) fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Box<Told>>> {
        if !self.desk.news.load(Ordering::Acquire)
            && self.waits.as_ref().is_some_and(|waits| waits.will_wake(context.waker()))
        {
            return Poll::Pending;
        }
        let mut queue = lock(&self.desk);
        match queue.waiting.pop_front() {
            Some(told) => {
                if queue.waiting.is_empty() {
                    // Nothing is kept for a next time that is minutes away.
                    queue.waiting = VecDeque::new();
                }
                Poll::Ready(Some(told))
            }
            None if queue.senders == 0 => Poll::Ready(None),
            None => {
                self.desk.news.store(false, Ordering::Release);
                queue.waker = Some(context.waker().clone());
                self.waits = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut queue = lock(&self.desk);
        queue.deaf = true;
        let unheard = std::mem::take(&mut queue.waiting);
        drop(queue);
        drop(unheard);
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;
    use crate::told::News;

    impl Receiver {
        async fn recv(&mut self) -> Option<Box<Told>> {
            poll_fn(|context| self.poll_recv(context)).await
        }
    }

    fn told(again: usize) -> Box<Told> {
        Box::new(Told { cursor: None, news: News::Resumed { complete: true, again } })
    }

    #[tokio::test]
    async fn what_is_said_is_heard_in_order_and_then_the_end() {
        let (sender, mut receiver) = channel(8);
        for number in 0..3 {
            sender.try_send(told(number)).unwrap();
        }
        drop(sender);
        for number in 0..3 {
            assert_eq!(receiver.recv().await, Some(told(number)));
        }
        assert_eq!(receiver.recv().await, None);
    }

    #[tokio::test]
    async fn there_is_an_end_only_when_nobody_can_say_more() {
        let (sender, mut receiver) = channel(8);
        let other = sender.clone();
        drop(sender);
        other.try_send(told(1)).unwrap();
        assert_eq!(receiver.recv().await, Some(told(1)));
        drop(other);
        assert_eq!(receiver.recv().await, None);
    }

    #[test]
    fn a_full_queue_and_a_deaf_ear_take_nothing() {
        let (sender, receiver) = channel(2);
        assert_eq!([sender.try_send(told(1)), sender.try_send(told(2))], [Ok(()), Ok(())]);
        assert_eq!(sender.try_send(told(3)), Err(NotSent));
        drop(receiver);
        assert_eq!(sender.try_send(told(4)), Err(NotSent));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_waits_is_woken_by_a_word_and_by_the_end() {
        let (sender, mut receiver) = channel(1);
        let hears = tokio::spawn(async move {
            let mut heard = Vec::new();
            while let Some(told) = receiver.recv().await {
                heard.push(told);
            }
            heard
        });
        for number in 0..1_000 {
            while sender.try_send(told(number)).is_err() {
                tokio::task::yield_now().await;
            }
        }
        drop(sender);
        let heard = tokio::time::timeout(Duration::from_secs(30), hears).await.expect("nobody sleeps on").unwrap();
        assert!(heard == (0..1_000).map(told).collect::<Vec<_>>(), "each word once, in order");
    }
}
