//! The figures as a person reads them.

use crate::{Measured, Report};

/// What must be reached: the one, the other, and at most how many times as long it may take.
const GOALS: [(&str, &str, f64); 2] = [("keg run", "crun run", 0.8), ("mounts", "bwrap --unshare-all", 1.0)];

/// The quarters of a sorted list: a quarter, a half and three quarters of the runs took no longer.
struct Spread {
    quarter: f64,
    median: f64,
    three_quarters: f64,
}

impl Spread {
    fn of(times: &[f64]) -> Spread {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = (sorted.len() - 1) as f64 * part;
            let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Spread { quarter: at(0.25), median: at(0.5), three_quarters: at(0.75) }
    }

    fn shown(&self) -> String {
        format!("{:7.2} ({:.2}–{:.2})", self.median, self.quarter, self.three_quarters)
    }
}

pub fn print(report: &Report) {
    let base = report.measured.iter().find(|it| it.name == "keg run").or(report.measured.first());
    let Some(base) = base else {
        println!("nothing could be measured");
        return print_missing(report);
    };
    let base = [&base.back_to_back, &base.idle].map(|times| Spread::of(times).median);
    println!("\nms from start to exit of /bin/true: median (quartiles), and times the first line's");
    println!("Linux {}, {} processors, medians of {}\n", report.kernel, report.processors, report.rounds);
    let after = format!("after {} ms idle", report.idle_ms);
    println!("{:<22}{:<26}{:>6}   {after:<26}{:>6}", "", "back to back", "", "");
    for measured in &report.measured {
        let [first, second] = [&measured.back_to_back, &measured.idle].map(|times| Spread::of(times));
        let ratios = [first.median / base[0], second.median / base[1]];
        let [a, b] = [first.shown(), second.shown()];
        println!("{:<22}{a:<26}{:>5.2}x   {b:<26}{:>5.2}x", measured.name, ratios[0], ratios[1]);
    }
    println!();
    for goal in GOALS {
        print_goal(report, goal);
    }
    print_missing(report);
}

fn print_goal(report: &Report, (one, other, most): (&str, &str, f64)) {
    let find = |name: &str| report.measured.iter().find(|it| it.name == name);
    let (Some(ours), Some(theirs)) = (find(one), find(other)) else { return };
    let ratio =
        |times: fn(&Measured) -> &Vec<f64>| Spread::of(times(ours)).median / Spread::of(times(theirs)).median;
    let ratios = [ratio(|it| &it.back_to_back), ratio(|it| &it.idle)];
    let verdict = if ratios.iter().all(|ratio| *ratio <= most) { "reached" } else { "not reached" };
    println!("goal: {one} at most {most} x {other}: {:.2} and {:.2}, {verdict}", ratios[0], ratios[1]);
}

fn print_missing(report: &Report) {
    for missing in &report.missing {
        println!("not measured: {missing}");
    }
}
