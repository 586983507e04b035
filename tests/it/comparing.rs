//! What a comparison promises: the same bytes for the same files and seeds, and a report that opens without a network.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::binary;

fn simulate(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(binary("hansom-sim")).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Two policies: the usual one, and one whose offers hardly leave time to think.
fn policies(folder: &Path) -> [PathBuf; 2] {
    let files = [
        ("patient.toml", "[city]\ndrivers = 60\nhours = 0.4\nstart = \"17:30\"\ndemand = 0.012\n"),
        ("hasty.toml", "[policy]\noffer_lasts = 2.5\n"),
    ];
    files.map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    })
}

#[test]
fn cars_of_a_comparison_drive_and_are_timed_along_roads_where_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let [patient, hasty] = policies(folder.path()).map(|path| path.display().to_string());
    let waits = |more: &[&str]| {
        let arguments = ["compare", &patient, &hasty, "--seeds", "2", "--hours", "0.2", "--output", "json"];
        let (code, said, complaint) = simulate(&[&arguments[..], more].concat());
        assert_eq!(code, Some(0), "{complaint}");
        let found: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(found["books_agree"], true);
        found["rows"].clone()
    };
    let (grid, town, timed) = (waits(&[]), waits(&["--town"]), waits(&["--town", "--travel", "roads"]));
    assert!(grid != town && town != timed, "one-ways make other ways, and who knows them makes other matches");
    let (code, _, complaint) = simulate(&["compare", &patient, &hasty, "--travel", "roads"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("--travel roads needs --roads FILE or --town"), "{complaint}");
}

#[test]
fn two_policies_meet_the_same_days_and_the_difference_says_how_sure_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let [patient, hasty] = policies(folder.path()).map(|path| path.display().to_string());
    let run = || {
        let (code, said, complaint) = simulate(&["compare", &patient, &hasty, "--seeds", "4", "--output", "json"]);
        assert_eq!(code, Some(0), "{complaint}");
        assert_eq!(complaint, "", "nobody watches: no bar is drawn");
        said
    };
    let said = run();
    assert_eq!(said, run(), "the same files and seeds give the same bytes");
    let found: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(found["seeds"], json!([1, 2, 3, 4]));
    assert_eq!((&found["drivers"], &found["hours"]), (&json!([60, 60]), &json!(0.4)));
    assert_eq!((&found["books_agree"], &found["invariant_violations"]), (&json!(true), &json!(0)));
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    let rate = rows.iter().find(|row| row["name"] == "match rate").unwrap();
    assert_eq!(rate["a"].as_array().unwrap().len(), 4);
    let (low, high) = (rate["interval"][0].as_f64().unwrap(), rate["interval"][1].as_f64().unwrap());
    let difference = rate["difference"].as_f64().unwrap();
    assert!(low < difference && difference < high && high < 0.0, "who hardly lets people think matches fewer: {rate}");
    // The same riders on both sides, to the last one.
    assert_eq!(found["a"]["requested"], found["b"]["requested"]);

    let (code, text, _) = simulate(&["compare", &patient, &hasty, "--seeds", "2"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("A = patient, B = hasty; 2 pairs (seeds 1 to 2)"), "{text}");
    assert!(text.contains("paired t, 95 % interval"), "{text}");
}

#[test]
fn a_file_that_says_what_cannot_be_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    std::fs::write(&path, "[policy]\noffer_lasts = 0\n").unwrap();
    let path = path.display().to_string();
    let (code, _, complaint) = simulate(&["compare", &path, &path]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("setting policy.offer_lasts is 0 s"), "{complaint}");
    assert!(complaint.contains("bad.toml), allowed is"), "{complaint}");
}

/// Looks at every figure: how many shapes of some size it has, and how many rows of numbers stand behind it.
const FIGURES: &str = "[...document.querySelectorAll('figure')].map(figure => ({
    id: figure.id,
    shapes: [...figure.querySelectorAll('svg path, svg rect, svg line')]
        .filter(shape => { const box = shape.getBoundingClientRect(); return box.width + box.height > 2; }).length,
    rows: figure.querySelectorAll('tbody tr').length,
    titled: [...figure.querySelectorAll('svg')].every(svg => svg.getAttribute('aria-label')),
    broken: /NaN|inf/.test(figure.innerHTML),
}))";

async fn check_figures(browser: &mut Browser) {
    let figures = browser.evaluate(FIGURES).await;
    let figures = figures.as_array().unwrap();
    let ids: Vec<&str> = figures.iter().map(|figure| figure["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["waits", "match-rate", "idle", "deadhead", "offers", "earnings", "unserved"]);
    for figure in figures {
        assert!(figure["shapes"].as_u64() >= Some(5), "{figure}");
        assert!(figure["rows"].as_u64() >= Some(1), "{figure}");
        assert_eq!((&figure["titled"], &figure["broken"]), (&json!(true), &json!(false)), "{figure}");
    }
}

const PAPER: &str = "getComputedStyle(document.body).backgroundColor";

#[tokio::test]
async fn a_report_opens_in_a_browser_without_a_network_on_a_phone_by_night_and_on_paper() {
    let folder = tempfile::tempdir().unwrap();
    let [patient, hasty] = policies(folder.path()).map(|path| path.display().to_string());
    let report = |name: &str| folder.path().join(name);
    let (compared, single) = (report("compared.html"), report("run.html"));
    let (to, of) = (compared.display().to_string(), single.display().to_string());
    assert_eq!(simulate(&["compare", &patient, &hasty, "--seeds", "2", "--report", &to]).0, Some(0));
    assert_eq!(simulate(&["run", "--drivers", "60", "--hours", "0.4", "--report", &of]).0, Some(0));

    let Some(mut browser) = Browser::start().await else { return };
    let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
    browser.ask("Emulation.setDeviceMetricsOverride", phone).await;
    for file in [&compared, &single] {
        browser.open(file).await;
        check_figures(&mut browser).await;
        let wide = browser.evaluate("document.documentElement.scrollWidth").await;
        assert!(wide.as_u64() <= Some(360), "a phone does not scroll sideways: {wide}");
        let by_day = browser.evaluate(PAPER).await;
        let night = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
        browser.ask("Emulation.setEmulatedMedia", night).await;
        assert_ne!(browser.evaluate(PAPER).await, by_day, "by night the paper is dark");
        // On paper nothing can be unfolded: the numbers are there.
        browser.ask("Emulation.setEmulatedMedia", json!({ "media": "print", "features": [] })).await;
        // A folded part is laid out with the frame after the next.
        let shown = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(
            [...document.querySelectorAll('details table')].every(table => table.offsetHeight > 0 &&
                table.checkVisibility({ contentVisibilityAuto: true, contentVisibility: true }))))))";
        assert_eq!(browser.evaluate(shown).await, json!(true));
        browser.ask("Emulation.setEmulatedMedia", json!({ "media": "", "features": [] })).await;
        assert_eq!(browser.requests(), Vec::<String>::new());
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}
