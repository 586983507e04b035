//! The little statistics that a comparison needs, exact for small numbers.
//!
//! Lives here: means, paired differences with Student's t, shares at most a value, the Gini coefficient.
//! Stays out: what is compared.
//! Touch with care: intervals of few pairs stand and fall with the quantile of Student's t; a normal one would make
//! them too narrow by a third at five pairs.

use serde::Serialize;

/// The mean; `None` of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation of a sample (divided by one less than its size); `None` of fewer than two values.
#[must_use]
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() >= 2)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// The value that a share of all values is at most (nearest rank). `sorted` must be sorted; `None` of nothing.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1).min(sorted.len().saturating_sub(1))).copied()
}

/// The chance that Student's t with so many degrees of freedom lies between `-t` and `t`.
///
/// The finite sums of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4: exact for whole
/// degrees.
#[must_use]
pub fn student_between(t: f64, degrees: u32) -> f64 {
    let angle = (t.abs() / f64::from(degrees.max(1)).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let odd = degrees % 2 == 1;
    let (mut term, mut sum) = if odd { (cosine, 0.0) } else { (1.0, 0.0) };
    let mut n = if odd { 1 } else { 0 };
    // Terms up to the power degrees - 2 of the cosine.
    while n + 2 <= degrees {
        sum += term;
        n += 2;
        term *= cosine * cosine * f64::from(n - 1) / f64::from(n);
    }
    if odd { std::f64::consts::FRAC_2_PI * (angle + sine * sum) } else { sine * sum }
}

/// The t below which Student's t stays on both sides with this chance: 0.95 gives the half width of a 95 % interval,
/// in standard errors.
#[must_use]
pub fn student_quantile(between: f64, degrees: u32) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while student_between(high, degrees) < between && high < 1e9 {
        high *= 2.0;
    }
    // Each step halves what is not known: 80 are more than a float can tell.
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if student_between(middle, degrees) < between { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// What two policies make of the same demand, pair by pair.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// How many pairs.
    pub pairs: usize,
    /// The mean of the first.
    pub mean_a: f64,
    /// The mean of the second.
    pub mean_b: f64,
    /// How much more the second is, on average.
    pub difference: f64,
    /// The 95 % confidence interval of the difference; left out for a single pair, which says nothing of chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<(f64, f64)>,
    /// How likely so large a difference is when there is none (two-sided); left out for a single pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

impl Paired {
    /// The paired t test of two rows of the same length; `None` of nothing.
    #[must_use]
    pub fn of(a: &[f64], b: &[f64]) -> Option<Paired> {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
        let (mean_a, mean_b, difference) = (mean(a)?, mean(b)?, mean(&differences)?);
        let pairs = differences.len();
        let degrees = u32::try_from(pairs.saturating_sub(1)).unwrap_or(u32::MAX);
        let error = deviation(&differences).map(|deviation| deviation / (pairs as f64).sqrt());
        let interval = error.map(|error| {
            let half = student_quantile(0.95, degrees) * error;
            (difference - half, difference + half)
        });
        let p = error.map(|error| match (error > 0.0, difference == 0.0) {
            (true, _) => 1.0 - student_between(difference / error, degrees),
            (false, same) => f64::from(u8::from(same)),
        });
        Some(Paired { pairs, mean_a, mean_b, difference, interval, p })
    }

    /// Whether chance alone is an unlikely reason (the interval does not hold zero).
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

/// How unequal shares are: 0 when all have the same, towards 1 when one has it all. 0 of nothing.
#[must_use]
pub fn gini(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (n, sum) = (sorted.len() as f64, sorted.iter().sum::<f64>());
    if sum <= 0.0 {
        return 0.0;
    }
    let ranked: f64 = sorted.iter().zip(1..).map(|(value, rank)| value * f64::from(rank)).sum();
    (2.0 * ranked / (n * sum) - (n + 1.0) / n).max(0.0)
}

#[cfg(test)]
mod tests;
