//! Axes, scales and curves of a drawing.

use std::fmt::Write as _;

use super::escaped;

/// The size of a drawing, in units of its own; the page scales it to its width.
pub(super) const WIDTH: f64 = 640.0;
pub(super) const HEIGHT: f64 = 300.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;

/// The class of the first side, and of the second.
pub(super) fn class(side: usize) -> &'static str {
    if side == 0 { "a" } else { "b" }
}

/// A drawing under way.
pub(super) struct Plot {
    svg: String,
    x: (f64, f64),
    y: (f64, f64),
}

/// A step between marks that people can count by: 1, 2 or 5 times a power of ten.
pub(super) fn step(range: f64, marks: f64) -> f64 {
    let rough = (range / marks).max(1e-9);
    let power = 10f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|nice| nice * power >= rough).unwrap_or(10.0);
    nice * power
}

/// A number without needless digits.
pub(super) fn short(value: f64) -> String {
    if value.abs() >= 100.0 || value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.2}") }
}

impl Plot {
    /// An empty drawing of these ranges. `title` is what it is called for those who do not see it.
    pub(super) fn new(title: &str, x: (f64, f64), y: (f64, f64)) -> Plot {
        let svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\"><title>{0}</title>",
            escaped(title)
        );
        let wide = |(low, high): (f64, f64)| (low, if high > low { high } else { low + 1.0 });
        Plot { svg, x: wide(x), y: wide(y) }
    }

    pub(super) fn across(&self, x: f64) -> f64 {
        LEFT + (x - self.x.0) / (self.x.1 - self.x.0) * (WIDTH - LEFT - RIGHT)
    }

    pub(super) fn up(&self, y: f64) -> f64 {
        HEIGHT - BOTTOM - (y - self.y.0) / (self.y.1 - self.y.0) * (HEIGHT - TOP - BOTTOM)
    }

    /// The two axes. Marks of the first stand where they are given, with their text.
    pub(super) fn axes(&mut self, x_name: &str, y_name: &str, marks: &[(f64, String)], y_text: impl Fn(f64) -> String) {
        let every = step(self.y.1 - self.y.0, 5.0);
        let mut y = (self.y.0 / every).ceil() * every;
        while y <= self.y.1 + every * 1e-6 {
            let at = self.up(y);
            let (left, right) = (LEFT, WIDTH - RIGHT);
            let _ =
                write!(self.svg, "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>");
            self.text(LEFT - 6.0, at + 4.0, "end", &y_text(y));
            y += every;
        }
        let floor = HEIGHT - BOTTOM;
        let _ = write!(
            self.svg,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{floor}\" y2=\"{floor}\"/>",
            WIDTH - RIGHT
        );
        for (x, text) in marks {
            let at = self.across(*x);
            let _ = write!(
                self.svg,
                "<line class=\"axis\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{floor}\" y2=\"{}\"/>",
                floor + 4.0
            );
            self.text(at, floor + 17.0, "middle", text);
        }
        self.quiet(f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 8.0, "middle", x_name);
        self.quiet(4.0, 14.0, "start", y_name);
    }

    /// Marks at round numbers.
    pub(super) fn marks(&self) -> Vec<(f64, String)> {
        let every = step(self.x.1 - self.x.0, 8.0);
        let mut marks = Vec::new();
        let mut x = (self.x.0 / every).ceil() * every;
        while x <= self.x.1 + every * 1e-6 {
            marks.push((x, short(x)));
            x += every;
        }
        marks
    }

    pub(super) fn curve(&mut self, side: usize, points: &[(f64, f64)]) {
        let mut path = String::new();
        for (place, (x, y)) in points.iter().enumerate() {
            let _ = write!(path, "{}{:.1} {:.1}", if place == 0 { "M" } else { "L" }, self.across(*x), self.up(*y));
        }
        let _ = write!(self.svg, "<path class=\"curve {}\" d=\"{path}\"/>", class(side));
    }

    /// A line that is nobody's, such as one to compare with.
    pub(super) fn guide(&mut self, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (self.across(from.0), self.up(from.1), self.across(to.0), self.up(to.1));
        let _ = write!(self.svg, "<line class=\"axis\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>");
    }

    /// Bars beside each other: for each mark the values of all sides.
    pub(super) fn bars(&mut self, groups: &[Vec<f64>]) {
        for (place, values) in groups.iter().enumerate() {
            let (from, to) = (self.across(place as f64 + 0.12), self.across(place as f64 + 0.88));
            let wide = (to - from) / values.len().max(1) as f64;
            for (side, value) in values.iter().enumerate() {
                let (x, y) = (from + wide * side as f64, self.up(*value));
                let high = (self.up(self.y.0) - y).max(0.0);
                let (class, wide) = (class(side), wide - 1.0);
                let _ = write!(
                    self.svg,
                    "<rect class=\"fill-{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\"/>"
                );
            }
        }
    }

    /// Which side is which, at the top; nothing for one side alone.
    pub(super) fn legend(&mut self, names: &[String]) {
        if names.len() < 2 {
            return;
        }
        let mut x = WIDTH - RIGHT;
        for (side, name) in names.iter().enumerate().rev() {
            let name: String = name.chars().take(28).collect();
            x -= 8.0 * name.chars().count() as f64 + 40.0;
            let _ = write!(
                self.svg,
                "<line class=\"curve {}\" x1=\"{x:.1}\" x2=\"{:.1}\" y1=\"12\" y2=\"12\"/>",
                class(side),
                x + 26.0
            );
            self.text(x + 31.0, 16.0, "start", &name);
        }
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let text = escaped(text);
        let _ = write!(self.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    fn quiet(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let text = escaped(text);
        let _ =
            write!(self.svg, "<text class=\"quiet\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    pub(super) fn done(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}
