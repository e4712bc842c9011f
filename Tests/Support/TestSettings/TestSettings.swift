internal import Glibc

/// What the environment asks of tests: each setting is a variable `PROCESS_TREE_TEST_…`.
///
/// `CONTRIBUTING.md` lists them. Programs that a test starts inherit them.
package enum TestSettings {
  /// Where random numbers begin, so that a failure can be repeated.
  package static var seed: UInt64? { number("SEED") }

  /// How often a test tries something random, in place of its own count.
  package static var iterations: Int? { number("ITERATIONS") }

  /// How long each fuzzer goes on, in seconds, beyond its own count of rounds.
  package static var fuzzSeconds: Double? {
    guard let seconds: Double = number("FUZZ_SECONDS") else { return nil }
    guard (0...1e6).contains(seconds) else { refuse("FUZZ_SECONDS", "\(seconds)") }
    return seconds
  }

  /// How many rounds a test with random deaths has, in place of its own count.
  package static var rounds: Int? { number("ROUNDS") }

  /// How many elements go through a test with random deaths, in place of its own count.
  package static var items: Int? { number("ITEMS") }

  /// How many faults a test with random deaths makes, in place of its own count.
  package static var faults: Int? { number("FAULTS") }

  /// By how much deadlines of tests are longer than usual: for slow machines and sanitizers.
  package static let timeScale: Double = {
    let factor: Double = number("TIME_SCALE") ?? 1
    guard factor >= 1, factor < 1_000 else { refuse("TIME_SCALE", "\(factor)") }
    return factor
  }()

  /// How a fixture starts its children: `forkServer` or `spawn`.
  package static var startMethod: String? { value(startMethodVariable) }

  /// The variable by which a test passes the start method to a fixture.
  package static let startMethodVariable = prefix + "START_METHOD"

  /// Variables for a program that gets no other environment of the tests: the time scale, and the
  /// options of the sanitizer with which it was built, too.
  package static var passedOn: [String: String] {
    var found: [String: String] = [:]
    for name in ["ASAN_OPTIONS", "TSAN_OPTIONS", prefix + "TIME_SCALE"] {
      found[name] = value(name)
    }
    return found
  }

  /// The minutes that a suite may take.
  package static func minutes(_ count: Int) -> Int { Int((Double(count) * timeScale).rounded(.up)) }

  private static let prefix = "PROCESS_TREE_TEST_"

  private static func number<Number: LosslessStringConvertible>(_ name: String) -> Number? {
    guard let text = value(prefix + name) else { return nil }
    guard let number = Number(text) else { refuse(name, text) }
    return number
  }

  private static func value(_ variable: String) -> String? {
    getenv(variable).map { String(cString: $0) }
  }

  /// A run that ignored a setting would look like one that obeyed it.
  private static func refuse(_ name: String, _ value: String) -> Never {
    let text = "\(prefix)\(name)=\(value) is not a number that can be used\n"
    _ = text.withCString { write(2, $0, strlen($0)) }
    exit(2)
  }
}
