use super::*;

#[test]
fn every_error_code_is_a_place_on_the_page() {
    for code in Code::ALL {
        let place = format!("id=\"{}\"", code.as_str());
        assert_eq!(PAGE.matches(&place).count(), 1, "{place}");
    }
}

#[test]
fn every_link_leads_to_a_place_on_the_page() {
    let links = PAGE.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
    let mut count = 0;
    for link in links {
        assert!(PAGE.contains(&format!("id=\"{link}\"")), "#{link} leads nowhere");
        count += 1;
    }
    assert!(count > 30, "{count} links");
}

#[test]
fn every_operation_and_every_field_of_a_trip_is_explained() {
    let document: Value = serde_json::from_str(&OPENAPI).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(PAGE.contains(&format!(" {path}</code></h3>")), "{path}");
    }
    for field in ["requested_at_ms", "uncertainty_m", "cancellation_fee_stage", "idempotency"] {
        assert!(PAGE.to_lowercase().contains(field), "{field}");
    }
}

#[test]
fn the_page_fetches_nothing() {
    for foreign in ["<script", "src=", "<link", "@import", "url("] {
        assert!(!PAGE.contains(foreign), "{foreign}");
    }
}
