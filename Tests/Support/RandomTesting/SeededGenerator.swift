import ProcessTreeTestSettings

/// A generator whose numbers follow from its seed, so that a failure can be repeated (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
  /// Where the sequence began.
  package let seed: UInt64
  private var state: UInt64

  package init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  /// With the seed that the environment gives, or a new one; it is printed.
  package static func announced(_ test: String) -> Self {
    let seed = TestSettings.seed ?? UInt64.random(in: 0...UInt64.max)
    print("\(test): SEED=\(seed)")
    return Self(seed: seed)
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed &>> 31)
  }

  /// What `Int.random(in:using:)` gives, without its generic code: unoptimised, that takes most of
  /// the time of a test that walks at random.
  package mutating func int(_ range: ClosedRange<Int>) -> Int {
    let most = UInt64(bitPattern: Int64(range.upperBound &- range.lowerBound))
    guard most < .max else { return Int(truncatingIfNeeded: next()) }
    let count = most + 1
    var product = next().multipliedFullWidth(by: count)
    if product.low < count {
      let rest = (0 &- count) % count
      while product.low < rest { product = next().multipliedFullWidth(by: count) }
    }
    return range.lowerBound &+ Int(truncatingIfNeeded: product.high)
  }

  package mutating func bool() -> Bool { Bool.random(using: &self) }

  package mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}

/// How often something random is tried: as often as the environment asks for, else `count` times.
package func iterations(_ count: Int) -> Int {
  TestSettings.iterations ?? count
}
