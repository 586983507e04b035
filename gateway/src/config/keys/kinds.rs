//! The kinds of settings, each said once: how its text is read, how it is shown, what is allowed.

/// A key whose value is checked when it is read, or elsewhere.
macro_rules! key {
    ($name:literal, $allowed:expr, $set:expr, $show:expr) => {
        key!($name, $allowed, $set, $show, |_| true)
    };
    ($name:literal, $allowed:expr, $set:expr, $show:expr, $fits:expr) => {
        Key { name: $name, allowed: $allowed, set: $set, show: $show, fits: $fits }
    };
}

/// A whole number from a range.
macro_rules! whole {
    ($name:literal, $($field:ident).+, $least:literal ..= $most:literal) => {
        Key {
            name: $name,
            allowed: concat!("a whole number from ", $least, " to ", $most),
            set: |settings, text| text.parse().map(|value| settings.$($field).+ = value).ok(),
            show: |settings| settings.$($field).+.to_string(),
            fits: |settings| ($least..=$most).contains(&settings.$($field).+),
        }
    };
}

/// Yes or no.
macro_rules! truth {
    ($name:literal, $($field:ident).+) => {
        key!(
            $name,
            "true or false",
            |settings, text| text.parse().map(|value| settings.$($field).+ = value).ok(),
            |settings| settings.$($field).+.to_string()
        )
    };
}

/// A text of so many visible ASCII characters.
macro_rules! text {
    ($name:literal, $($field:ident).+, $allowed:literal, $most:literal) => {
        key!(
            $name,
            $allowed,
            |settings, text| {
                let fits = (1..=$most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
                fits.then(|| settings.$($field).+ = text.to_owned())
            },
            |settings| settings.$($field).+.clone()
        )
    };
}

/// A duration in seconds from a range.
macro_rules! seconds {
    ($name:literal, $($field:ident).+, $least:literal ..= $most:literal) => {
        Key {
            name: $name,
            allowed: concat!("seconds from ", $least, " to ", $most),
            set: |settings, text| seconds(text).map(|value| settings.$($field).+ = value),
            show: |settings| settings.$($field).+.as_secs_f64().to_string(),
            fits: |settings| ($least..=$most).contains(&settings.$($field).+.as_secs_f64()),
        }
    };
}

/// A duration of the policy, in seconds; the policy itself knows the range.
macro_rules! policy_seconds {
    ($name:literal, $($field:ident).+, $allowed:expr) => {
        key!(
            $name,
            $allowed,
            |settings, text| seconds(text).map(|value| settings.city.policy.$($field).+ = value),
            |settings| settings.city.policy.$($field).+.as_secs_f64().to_string()
        )
    };
}

/// A value of the policy that reads and shows itself; the policy itself knows the range.
macro_rules! policy_value {
    ($name:literal, $($field:ident).+, $allowed:literal) => {
        key!(
            $name,
            $allowed,
            |settings, text| text.parse().map(|value| settings.city.policy.$($field).+ = value).ok(),
            |settings| settings.city.policy.$($field).+.to_string()
        )
    };
}

/// A distance of the policy, in metres; the policy itself knows the range.
macro_rules! policy_meters {
    ($name:literal, $($field:ident).+, $allowed:literal) => {
        key!(
            $name,
            $allowed,
            |settings, text| meters(text).map(|value| settings.city.policy.$($field).+ = value),
            |settings| settings.city.policy.$($field).+.get().to_string()
        )
    };
}
