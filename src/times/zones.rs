//! Time zones that were renamed: Meta writes some by their old names, people by either.

/// Names of one zone.
const SAME: [&[&str]; 26] = [
    &["Africa/Asmara", "Africa/Asmera"],
    &["America/Argentina/Buenos_Aires", "America/Buenos_Aires"],
    &["America/Argentina/Cordoba", "America/Cordoba"],
    &["America/Argentina/Mendoza", "America/Mendoza"],
    &["America/Chicago", "US/Central"],
    &["America/Denver", "US/Mountain"],
    &["America/Indiana/Indianapolis", "America/Indianapolis", "America/Fort_Wayne"],
    &["America/Kentucky/Louisville", "America/Louisville"],
    &["America/Los_Angeles", "US/Pacific"],
    &["America/New_York", "US/Eastern"],
    &["America/Nuuk", "America/Godthab"],
    &["Asia/Ashgabat", "Asia/Ashkhabad"],
    &["Asia/Dhaka", "Asia/Dacca"],
    &["Asia/Ho_Chi_Minh", "Asia/Saigon"],
    &["Asia/Jerusalem", "Asia/Tel_Aviv"],
    &["Asia/Kathmandu", "Asia/Katmandu"],
    &["Asia/Kolkata", "Asia/Calcutta"],
    &["Asia/Macau", "Asia/Macao"],
    &["Asia/Makassar", "Asia/Ujung_Pandang"],
    &["Asia/Thimphu", "Asia/Thimbu"],
    &["Asia/Ulaanbaatar", "Asia/Ulan_Bator"],
    &["Asia/Yangon", "Asia/Rangoon"],
    &["Atlantic/Faroe", "Atlantic/Faeroe"],
    &["Europe/Kyiv", "Europe/Kiev"],
    &["Pacific/Chuuk", "Pacific/Truk"],
    &["Pacific/Pohnpei", "Pacific/Ponape"],
];

/// Every name of this zone, itself too.
pub fn names_of(zone: &str) -> Vec<&str> {
    SAME.iter().find(|names| names.contains(&zone)).map_or_else(|| vec![zone], |names| names.to_vec())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn names_of_one_zone_have_the_same_time_in_all_seasons() {
        for names in SAME {
            let zones: Vec<TimeZone> = names.iter().map(|name| TimeZone::get(name).unwrap()).collect();
            for month in 0..24 {
                let at = Timestamp::from_second(1_800_000_000 + month * 2_600_000).unwrap();
                let offsets: Vec<_> = zones.iter().map(|zone| zone.to_offset(at)).collect();
                assert!(offsets.iter().all(|offset| *offset == offsets[0]), "{names:?} {at}");
            }
        }
    }

    #[test]
    fn a_zone_is_found_by_either_name() {
        for name in ["Asia/Calcutta", "Asia/Kolkata"] {
            assert_eq!(names_of(name), ["Asia/Kolkata", "Asia/Calcutta"]);
        }
        assert_eq!(names_of("Europe/Berlin"), ["Europe/Berlin"]);
    }
}
