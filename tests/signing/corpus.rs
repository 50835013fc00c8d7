//! Checks the fuzz targets' properties without a fuzzer, on the stored corpus and on inputs made
//! from it by cutting, flipping and joining.

use std::fs;

use cobo_tests::property;

#[test]
fn fuzz_corpus_and_mutations_of_it_satisfy_every_property() {
    for (name, property) in property::ALL {
        let folder = format!("../fuzz/corpus/{name}");
        let mut inputs: Vec<Vec<u8>> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect();
        inputs.sort();
        assert!(inputs.len() >= 5, "{folder} has next to nothing");
        for (index, input) in inputs.iter().enumerate() {
            property(input);
            for place in 0..input.len().min(256) {
                property(&input[..place]);
                property(&input[place..]);
                for bit in [0x01, 0x20, 0x80] {
                    let mut flipped = input.clone();
                    flipped[place] ^= bit;
                    property(&flipped);
                }
            }
            let next = &inputs[(index + 1) % inputs.len()];
            property(&[input.as_slice(), next].concat());
        }
    }
}

#[test]
fn every_fuzz_target_has_a_property() {
    let mut targets: Vec<_> = fs::read_dir("../fuzz/fuzz_targets")
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_owned())
        .collect();
    targets.sort();
    let mut properties = property::ALL.map(|(name, _)| name);
    properties.sort_unstable();
    assert_eq!(targets, properties);
}
