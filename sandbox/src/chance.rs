//! Everything that looks random in the sandbox is a hash of the seed, a purpose, a key and a count.
//!
//! The same seed gives the same result on every machine and in every release, so a failed rehearsal can be repeated.

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// FNV-1a with 128 bits: stable, short, and without collisions among millions of tokens.
pub fn fingerprint(parts: &[&[u8]]) -> u128 {
    let mut state = OFFSET;
    for part in parts {
        for byte in *part {
            state = (state ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
        // Separates the parts: ("ab", "c") and ("a", "bc") differ.
        state = (state ^ 0xff).wrapping_mul(PRIME);
    }
    state
}

/// A 64-bit draw. FNV maps neighbours to similar values; the finaliser of `SplitMix64` removes that pattern.
pub fn draw(seed: u64, purpose: &str, key: &str, count: u64) -> u64 {
    let state = fingerprint(&[&seed.to_le_bytes(), purpose.as_bytes(), key.as_bytes(), &count.to_le_bytes()]);
    mix((state >> 64) as u64 ^ state as u64)
}

/// A draw from `[0, 1)`.
pub fn share(seed: u64, purpose: &str, key: &str, count: u64) -> f64 {
    (draw(seed, purpose, key, count) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The finaliser of `SplitMix64`.
pub fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An ID of `prefix` and `digits` more digits (19 in all at most) that no 64-bit float holds exactly.
pub fn digits(prefix: &str, digits: u32, draw: u64) -> String {
    let top = 10_u64.pow(digits.min(19));
    let value = draw % top;
    // An ID that survives a float would hide a client that reads IDs as floats.
    let value = if value.is_multiple_of(2) { value + 1 } else { value };
    format!("{prefix}{value:0width$}", width = digits as usize)
}

/// `length` letters and digits, as in tokens and trace IDs.
pub fn letters(length: usize, draw: u64) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    let mut state = draw;
    let mut left = 0_u32;
    let mut word = 0_u64;
    for _ in 0..length {
        if left == 0 {
            state = mix(state);
            word = state;
            left = 10;
        }
        text.push(char::from(ALPHABET[(word % 62) as usize]));
        word /= 62;
        left -= 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_stable_and_differ_by_every_part() {
        assert_eq!(draw(1, "a", "k", 0), draw(1, "a", "k", 0));
        let all = [
            draw(1, "a", "k", 0),
            draw(2, "a", "k", 0),
            draw(1, "b", "k", 0),
            draw(1, "a", "l", 0),
            draw(1, "a", "k", 1),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one));
        }
    }

    #[test]
    fn shares_are_even() {
        let below = (0..100_000).filter(|n| share(7, "even", &n.to_string(), 0) < 0.02).count();
        assert!((1_800..2_200).contains(&below), "{below}");
    }

    #[test]
    fn ids_have_their_length_and_no_float_holds_them() {
        for n in 0..1000 {
            let id = digits("1202", 14, draw(3, "id", "", n));
            assert_eq!(id.len(), 18);
            let number: u64 = id.parse().unwrap();
            assert_ne!(number as f64 as u64, number);
        }
        assert_eq!(letters(22, 5).len(), 22);
    }
}
