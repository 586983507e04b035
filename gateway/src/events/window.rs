//! Which events may be under way at once.
//!
//! Lives here: the order. A line may leave when no earlier line of its trip is still under way, and the cursor follows
//! the oldest that has not arrived. Pure: no clock, no socket.
//! Touch with care: what is beyond the cursor and has arrived arrives again after a crash, so the window is also how much
//! a crash repeats.

use std::collections::VecDeque;

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Waiting,
    Flying,
    Arrived,
}

#[derive(Debug)]
struct Slot<K, T> {
    line: u64,
    key: K,
    standing: Standing,
    /// What is to be sent; `None` once it has left.
    load: Option<T>,
}

/// The oldest lines that have not all arrived, in order.
#[derive(Debug)]
pub(super) struct Window<K, T> {
    slots: VecDeque<Slot<K, T>>,
    size: usize,
}

impl<K: PartialEq, T> Window<K, T> {
    pub(super) fn new(size: usize) -> Window<K, T> {
        Window { slots: VecDeque::with_capacity(size), size }
    }

    /// Whether one more line may come in.
    pub(super) fn has_room(&self) -> bool {
        self.slots.len() < self.size
    }

    /// Takes the next line in. Lines of one key leave one after the other.
    pub(super) fn push(&mut self, line: u64, key: K, load: T) {
        self.slots.push_back(Slot { line, key, standing: Standing::Waiting, load: Some(load) });
    }

    /// The next line that may leave now. It is under way from here on.
    pub(super) fn leave(&mut self) -> Option<(u64, T)> {
        let ready = (0..self.slots.len()).find(|&place| {
            let slot = &self.slots[place];
            let earlier = || self.slots.iter().take(place);
            slot.standing == Standing::Waiting
                && !earlier().any(|other| other.key == slot.key && other.standing != Standing::Arrived)
        })?;
        let slot = &mut self.slots[ready];
        slot.standing = Standing::Flying;
        slot.load.take().map(|load| (slot.line, load))
    }

    /// Notes that a line has arrived, or will never. Says up to where all have, when that is farther than before.
    pub(super) fn arrived(&mut self, line: u64) -> Option<u64> {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.line == line && slot.standing == Standing::Flying) {
            slot.standing = Standing::Arrived;
        }
        let mut cursor = None;
        while self.slots.front().is_some_and(|slot| slot.standing == Standing::Arrived) {
            cursor = self.slots.pop_front().map(|slot| slot.line);
        }
        cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(lines: &[(u64, char)], size: usize) -> Window<char, ()> {
        let mut window = Window::new(size);
        for (line, key) in lines {
            assert!(window.has_room());
            window.push(*line, *key, ());
        }
        window
    }

    fn leaving(window: &mut Window<char, ()>) -> Vec<u64> {
        std::iter::from_fn(|| window.leave()).map(|(line, ())| line).collect()
    }

    #[test]
    fn lines_of_different_trips_leave_together_and_those_of_one_after_each_other() {
        let mut window = window(&[(1, 'a'), (2, 'b'), (3, 'a'), (5, 'c'), (6, 'a')], 5);
        assert!(!window.has_room());
        assert_eq!(leaving(&mut window), [1, 2, 5]);
        assert_eq!(window.arrived(1), Some(1));
        assert!(window.has_room());
        assert_eq!(leaving(&mut window), [3]);
        assert_eq!(window.arrived(3), None, "line 2 has not arrived");
        assert_eq!(leaving(&mut window), [6]);
    }

    #[test]
    fn the_cursor_follows_the_oldest_that_has_not_arrived() {
        let mut window = window(&[(1, 'a'), (2, 'b'), (5, 'c')], 8);
        assert_eq!(leaving(&mut window), [1, 2, 5]);
        assert_eq!(window.arrived(5), None);
        assert_eq!(window.arrived(2), None);
        assert_eq!(window.arrived(1), Some(5));
        assert_eq!(window.arrived(1), None, "it is known already");
    }

    #[test]
    fn a_window_of_one_keeps_the_whole_order() {
        let mut window = window(&[(1, 'a')], 1);
        assert_eq!(leaving(&mut window), [1]);
        assert!(!window.has_room());
        assert_eq!(window.arrived(1), Some(1));
        assert!(window.has_room());
    }

    #[test]
    fn what_has_not_left_cannot_arrive() {
        let mut window = window(&[(1, 'a'), (2, 'a')], 2);
        assert_eq!(window.arrived(1), None);
        assert_eq!(leaving(&mut window), [1]);
        assert_eq!(window.arrived(2), None);
    }
}
