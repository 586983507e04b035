//! A report as one HTML file that opens without a network: text, tables and drawings (SVG), no script.
//!
//! Lives here: [`page`] and [`load()`], which put the figures together, and [`load_picture`], drawings alone as one SVG; the parts are in [`charts`], [`map`] and [`plot`].
//! Stays out: what is measured ([`crate::measures`]) and compared ([`crate::compare`]).
//! Touch with care: the page must load nothing. Its own policy (the `meta` in the head) forbids the browser to, and a
//! test opens it in a real one. Each drawing has its numbers behind it, for those who cannot see it.

mod charts;
mod load;
mod map;
mod plot;
mod style;

use std::fmt::Write as _;

use crate::measures::Measures;

pub use load::{load, load_picture};

/// One of the things that are shown: a run, or one of two policies.
#[derive(Clone, Debug)]
pub struct Side<'a> {
    /// What it is called.
    pub name: String,
    /// What is shown of it.
    pub measures: &'a Measures,
}

/// What a report is made of. One side, or two to compare.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// What it is about.
    pub title: String,
    /// How it came about, as pairs of a name and a value.
    pub facts: Vec<(String, String)>,
    /// What is shown.
    pub sides: Vec<Side<'a>>,
    /// A table of the main numbers: its head, and its rows.
    pub table: (Vec<String>, Vec<Vec<String>>),
    /// What must be known to read the table.
    pub note: String,
}

/// The report as one HTML file.
#[must_use]
pub fn page(page: &Page<'_>) -> String {
    let figures = [
        charts::waits(&page.sides),
        charts::match_rate(&page.sides),
        charts::idle(&page.sides),
        charts::driven(&page.sides),
        charts::offers(&page.sides),
        charts::earnings(&page.sides),
        map::unserved(&page.sides),
    ];
    shell(&page.title, &page.facts, (&page.table.0, &page.table.1), &page.note, &figures)
}

/// A whole page of these parts; the table is its head and its rows.
fn shell(
    title: &str,
    facts: &[(String, String)],
    (head, rows): (&[String], &[Vec<String>]),
    note: &str,
    figures: &[String],
) -> String {
    let mut html = String::with_capacity(256 * 1024);
    let title = escaped(title);
    // Writing into a String cannot fail, here and in all of this module.
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>{}{}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n",
        style::DRAWING,
        style::PAGE
    );
    html.push_str("<dl class=\"facts\">");
    for (name, value) in facts {
        let _ = write!(html, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value));
    }
    html.push_str("</dl>\n<h2>In numbers</h2>\n");
    html.push_str(&table("Main numbers", head, rows));
    let _ = writeln!(html, "<p class=\"note\">{}</p>", escaped(note));
    for figure in figures {
        html.push_str(figure);
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

/// Drawings below each other as one SVG file, for whoever reads a README or a ticket.
fn picture(title: &str, figures: &[&Figure]) -> String {
    const HEADING: f64 = 40.0;
    let each = HEADING + plot::HEIGHT;
    let (wide, high, title) = (plot::WIDTH, each * figures.len() as f64 + HEADING, escaped(title));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"{title}\">\
         <title>{title}</title><style>{}</style><rect width=\"100%\" height=\"100%\" fill=\"var(--paper)\"/>\
         <text x=\"4\" y=\"24\" class=\"quiet\">{title}</text>\n",
        style::DRAWING
    );
    for (place, figure) in figures.iter().enumerate() {
        let top = HEADING + each * place as f64;
        let inside = format!("<svg y=\"{}\" width=\"{wide}\" height=\"{}\" ", top + HEADING, plot::HEIGHT);
        let _ = writeln!(
            svg,
            "<text x=\"4\" y=\"{}\" font-weight=\"bold\">{}</text>\n{}",
            top + 24.0,
            escaped(figure.title),
            figure.drawing.replacen("<svg ", &inside, 1)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// A drawing with its title, what it says, and the numbers behind it.
pub(crate) struct Figure {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) says: String,
    pub(crate) drawing: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Figure {
    fn html(&self) -> String {
        let Figure { id, title, says, drawing, head, rows } = self;
        let numbers = table(title, head, rows);
        format!(
            "<figure id=\"{id}\">\n<figcaption><h2>{title}</h2><p>{}</p></figcaption>\n{drawing}\n\
             <details><summary>The numbers behind it</summary>{numbers}</details>\n</figure>\n",
            escaped(says)
        )
    }
}

fn table(caption: &str, head: &[String], rows: &[Vec<String>]) -> String {
    let mut html = format!("<div class=\"wide\"><table><caption>{}</caption><thead><tr>", escaped(caption));
    for cell in head {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escaped(cell));
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows {
        html.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            let _ = match place {
                0 => write!(html, "<th scope=\"row\">{cell}</th>"),
                _ => write!(html, "<td>{cell}</td>"),
            };
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div>");
    html
}

/// A text as HTML shows it.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            letter => html.push(letter),
        }
    }
    html
}

#[cfg(test)]
mod tests;
