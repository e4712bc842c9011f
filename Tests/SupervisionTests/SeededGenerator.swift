import Foundation

/// A generator whose numbers follow from its seed, so that a failure can be repeated (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// With the seed that the environment gives, or a new one; it is printed.
  static func announced(_ test: String) -> Self {
    let environment = ProcessInfo.processInfo.environment
    let given = environment["FUZZ_SEED"] ?? environment["PROCESS_TREE_FUZZ_SEED"]
    let seed = given.flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
    print("\(test): FUZZ_SEED=\(seed)")
    return Self(seed: seed)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  mutating func bool() -> Bool { Bool.random(using: &self) }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}

/// How often something random is tried: as often as the environment says, else `count` times.
func iterations(_ count: Int) -> Int {
  ProcessInfo.processInfo.environment["PROCESS_TREE_FUZZ_ITERATIONS"].flatMap(Int.init) ?? count
}
