//! Figures of a detector: how well scores part the two labels.

/// Scores of texts of both labels.
#[derive(Default)]
pub(crate) struct Scores {
    pub(crate) harmless: Vec<f32>,
    pub(crate) injections: Vec<f32>,
}

impl Scores {
    /// Adds one.
    pub(crate) fn add(&mut self, positive: bool, score: f32) {
        if positive { self.injections.push(score) } else { self.harmless.push(score) }
    }

    /// How often an injection scores above a harmless text.
    pub(crate) fn auc(&self) -> f32 {
        let mut harmless = self.harmless.clone();
        harmless.sort_by(f32::total_cmp);
        let below = |s: &f32| {
            let under = harmless.partition_point(|h| h < s);
            let upto = harmless.partition_point(|h| h <= s);
            (under + upto) as f64 / 2.0
        };
        let wins: f64 = self.injections.iter().map(below).sum();
        (wins / (harmless.len().max(1) as f64 * self.injections.len().max(1) as f64)) as f32
    }

    /// The score that at most this share of harmless texts reaches.
    pub(crate) fn threshold(&self, alarms: f32) -> f32 {
        let mut harmless = self.harmless.clone();
        harmless.sort_by(|a, b| b.total_cmp(a));
        let allowed = (harmless.len() as f32 * alarms).floor() as usize;
        harmless.get(allowed).map_or(f32::MIN, |s| s + 1e-4)
    }

    /// The share of injections found from a threshold on, and of harmless texts flagged.
    pub(crate) fn at(&self, threshold: f32) -> (f32, f32) {
        let share = |s: &[f32]| s.iter().filter(|s| **s >= threshold).count() as f32 / s.len().max(1) as f32;
        (share(&self.injections), share(&self.harmless))
    }

    /// The share found while at most this share of harmless texts is flagged.
    pub(crate) fn recall(&self, alarms: f32) -> f32 {
        self.at(self.threshold(alarms)).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_small_example() {
        let scores = Scores { harmless: vec![0.0, 1.0, 2.0, 3.0], injections: vec![2.5, 4.0] };
        assert!((scores.auc() - 0.875).abs() < 1e-6);
        assert_eq!(scores.recall(0.0), 0.5);
        assert_eq!(scores.recall(0.25), 1.0);
        assert_eq!(scores.at(2.5), (1.0, 0.25));
    }
}
