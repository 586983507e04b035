use super::*;
use crate::measures::{CellDemand, DriverDay, Slot};
use crate::people::Work;

fn measures() -> Measures {
    let pickup = geo::Point::new(40.75, -73.98).unwrap();
    let cell = geo::Cell::at(pickup, geo::Resolution::new(8).unwrap());
    let work = Work { to_pickup_s: 100.0, waiting_s: 50.0, with_rider_s: 350.0, empty_m: 500.0, with_rider_m: 1_500.0 };
    Measures {
        requested: 10,
        matched: 8,
        completed: 7,
        waits_s: vec![60.0, 120.0, 180.0],
        day: vec![Slot { begins_s: 61_200, requested: 10, matched: 8 }],
        drivers: vec![DriverDay { idle_s: 500.0, work, earned: 3.0 }; 4],
        offers_per_match: vec![6, 2, 0],
        cells: cell
            .disk(1)
            .into_iter()
            .zip(0..)
            .map(|(cell, unserved)| CellDemand { cell, requested: 9, unserved })
            .collect(),
        earned_by: "km with a rider",
    }
}

fn shown(names: &[&str]) -> String {
    let measures = measures();
    page(&Page {
        title: "Before & <after>".to_owned(),
        facts: vec![("seed".to_owned(), "7".to_owned())],
        sides: names.iter().map(|name| Side { name: (*name).to_owned(), measures: &measures }).collect(),
        table: (vec![String::new(), "A".to_owned()], vec![vec!["match rate".to_owned(), "80".to_owned()]]),
        note: "A note.".to_owned(),
    })
}

#[test]
fn a_page_has_every_figure_with_its_numbers_and_loads_nothing() {
    for names in [&["one"][..], &["one", "two"]] {
        let html = shown(names);
        for id in ["waits", "match-rate", "idle", "deadhead", "offers", "earnings", "unserved"] {
            assert!(html.contains(&format!("<figure id=\"{id}\">")), "{id}");
        }
        assert_eq!(html.matches("<figure").count(), html.matches("<details>").count());
        for outside in ["http:", "https:", "<script", "@import", "url(", "<img", " src="] {
            assert!(!html.contains(outside), "{outside}");
        }
        assert!(html.contains("default-src 'none'"));
    }
}

#[test]
fn what_is_named_by_people_is_no_markup() {
    let html = shown(&["<b>&\"me\"", "you"]);
    assert!(html.contains("Before &amp; &lt;after&gt;"));
    assert!(html.contains("&lt;b&gt;&amp;&quot;me&quot;") && !html.contains("<b>&"));
}

#[test]
fn numbers_behind_the_drawings_are_those_of_the_measures() {
    let html = shown(&["one"]);
    for number in ["8 of 10", "<td>120 s</td>", "75.0 %", "0.0 %", "50.0 % of their time", "1.25 offers", "Gini 0"] {
        assert!(html.contains(number), "{number} in {html}");
    }
    // A quarter of the way is driven empty.
    assert!(html.contains("25.0 % of the way"), "{html}");
}
