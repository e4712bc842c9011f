internal import ProcessTreeBase

/// The progress of one stage: the sum of what its nodes say.
struct StageProgress {
  private struct Share {
    var completed: Int
    var total: Int?
  }

  let name: String
  private var shares: [String: Share] = [:]
  /// The sum of those that have ended.
  private var ended = Share(completed: 0, total: 0)
  private var window = RateWindow()

  init(name: String) {
    self.name = name
  }

  var completed: Int { window.latest }

  /// How much there is to do, if all of its nodes know.
  var total: Int? {
    shares.values.reduce(ended.total) { sum, share in
      guard let sum, let total = share.total else { return nil }
      return sum.saturatingAdding(total)
    }
  }

  mutating func take(completed: Int, total: Int?, from path: String, at time: Duration) {
    shares[path] = Share(completed: max(0, completed), total: total.map { max(0, $0) })
    let sum = shares.values.reduce(ended.completed) { $0.saturatingAdding($1.completed) }
    window.record(sum, at: time)
  }

  mutating func end(path: String) {
    guard let share = shares.removeValue(forKey: path) else { return }
    ended.completed = ended.completed.saturatingAdding(share.completed)
    // What a dead node has not done another one will count.
    ended.total = share.total == nil ? nil : ended.total?.saturatingAdding(share.completed)
  }

  /// The stage in a line: `Tokenize: 1200 of 5000 (24 %), 300/s, 13 s left`.
  func line(at time: Duration) -> String {
    var line = "\(name): \(Self.short(completed))"
    let total = total.flatMap { $0 >= completed && $0 > 0 ? $0 : nil }
    if let total {
      let percent = Int(Double(completed) / Double(total) * 100)
      line += " of \(Self.short(total)) (\(percent) %)"
    }
    guard let rate = window.rate(at: time) else { return line }
    line += ", \(Self.short(Int(exactly: rate.rounded()) ?? .max))/s"
    guard let total, total > completed, rate > 0 else { return line }
    return line + ", \(Self.time(Double(total - completed) / rate)) left"
  }

  /// A number in a few characters: `99999`, `1.2M`.
  static func short(_ number: Int) -> String {
    guard number >= 100_000 else { return "\(number)" }
    var unit = 1_000
    for name in ["k", "M", "G", "T", "P", "E"] {
      if number / unit < 1_000 {
        let tenths = number / (unit / 10)
        return tenths < 1_000 ? "\(tenths / 10).\(tenths % 10)\(name)" : "\(tenths / 10)\(name)"
      }
      unit *= 1_000
    }
    return "\(number)"
  }

  /// A time to come: `7 s`, `2:05`, `1:00:00`.
  static func time(_ seconds: Double) -> String {
    let seconds = Int(min(seconds.rounded(.up), 1e9))
    guard seconds >= 60 else { return "\(seconds) s" }
    func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60)
    return hours > 0
      ? "\(hours):\(twoDigits(minutes)):\(twoDigits(rest))" : "\(minutes):\(twoDigits(rest))"
  }
}
