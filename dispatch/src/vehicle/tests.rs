use super::*;

fn vehicles() -> Vec<Vehicle> {
    let mut all = Vec::new();
    for class in Class::ALL {
        for seats in 1..=SEATS_MAX {
            for flags in 0..4 {
                all.push(Vehicle::new(class, seats, flags & 1 != 0, flags & 2 != 0).unwrap());
            }
        }
    }
    all
}

/// There are few enough of both to try each with each.
#[test]
fn the_mask_says_yes_exactly_when_the_vehicle_fits() {
    let vehicles = vehicles();
    let (mut yes, mut no) = (0, 0);
    for wanted in &vehicles {
        for class in [None, Some(wanted.class())] {
            let needs = Needs::new(class, wanted.seats(), wanted.wheelchair(), wanted.pets()).unwrap();
            for &vehicle in &vehicles {
                let fits = needs.fits(vehicle);
                assert_eq!(vehicle.tags().has_all(needs.tags()), fits, "{needs:?} {vehicle:?}");
                *if fits { &mut yes } else { &mut no } += 1;
            }
        }
    }
    assert!(yes > 1_000 && no > 1_000, "{yes} {no}");
}

#[test]
fn every_vehicle_has_marks_of_its_own() {
    let mut marks: Vec<Tags> = vehicles().into_iter().map(Vehicle::tags).collect();
    marks.sort();
    marks.dedup();
    assert_eq!(marks.len(), vehicles().len());
}

#[test]
fn who_needs_nothing_asks_for_no_mark() {
    assert_eq!(Needs::default().tags(), Tags::NONE);
    assert!(vehicles().into_iter().all(|vehicle| Needs::default().fits(vehicle)));
}

#[test]
fn the_layout_is_the_one_that_is_written_down() {
    let van = Vehicle::new(Class::Xl, 5, true, false).unwrap();
    assert_eq!(van.tags(), Tags(0b0_1000_1111_0100));
    assert_eq!(Vehicle::default().tags(), Tags(0b0_0000_0111_0001));
}

#[test]
fn no_seat_and_a_ninth_are_refused() {
    for seats in [0, SEATS_MAX + 1, u8::MAX] {
        assert_eq!(Vehicle::new(Class::Economy, seats, false, false), Err(BadSeats(seats)));
        assert_eq!(Needs::new(None, seats, false, false), Err(BadSeats(seats)));
    }
    assert_eq!(BadSeats(9).to_string(), "seats is 9, allowed is 1 to 8");
}

#[test]
fn a_class_is_read_as_it_is_written() {
    for class in Class::ALL {
        assert_eq!(class.to_string().parse(), Ok(class));
        assert!(Class::ALLOWED.contains(class.as_str()));
    }
    assert_eq!("Economy".parse::<Class>(), Err(NotAClass));
}
