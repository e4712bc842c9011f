internal import Glibc
internal import ProcessTreeTestSettings

/// The rounds of a fuzzer: as many as make sense for its target in a test run, and more for as long
/// as the environment gives it.
///
/// With such a time it prints in the end how many there were, and how much memory they took.
package struct FuzzRounds: Sequence, IteratorProtocol {
  /// What a target may take beyond what the process had before.
  private static let mostMemory = 1 << 30

  private let name: Substring
  private let count: Int
  private let start = ContinuousClock.now
  private let deadline: ContinuousClock.Instant?
  private let memoryBefore: Int?
  private var round = 0

  fileprivate init(_ count: Int, of name: String, for seconds: Double?) {
    self.name = name.prefix { $0 != "(" }
    self.count = count
    deadline = seconds.map { .now + .seconds($0) }
    memoryBefore = deadline == nil ? nil : PeakMemory.begin()
  }

  /// The number of the next round; nil when there have been enough.
  package mutating func next() -> Int? {
    guard round < count || deadline.map({ .now < $0 }) ?? false else {
      report()
      return nil
    }
    defer { round += 1 }
    return round
  }

  private func report() {
    guard let memoryBefore else { return }
    let (seconds, peak) = (start.duration(to: .now).components.seconds, PeakMemory.bytes)
    print("fuzz: \(name): \(round) inputs in \(seconds) s, \(peak >> 20) MiB of memory at most")
    fflush(nil)
    precondition(peak - memoryBefore < Self.mostMemory, "\(name) took more memory than it may")
  }
}

/// The rounds of a fuzzer that takes some seconds for `count` of them at most.
package func rounds(_ count: Int, of name: String = #function) -> FuzzRounds {
  FuzzRounds(count, of: name, for: TestSettings.fuzzSeconds)
}

/// The most memory that this process had.
private enum PeakMemory {
  /// Forgets earlier peaks, where the kernel lets it, and returns what the process has now.
  static func begin() -> Int {
    let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    if file >= 0 {
      _ = write(file, "5", 1)
      close(file)
    }
    return bytes
  }

  /// The peak since then, in bytes.
  static var bytes: Int {
    guard let file = fopen("/proc/self/status", "re") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix("VmHWM:") else { continue }
      return (Int(text.filter(\.isNumber)) ?? 0) << 10
    }
    return 0
  }
}
