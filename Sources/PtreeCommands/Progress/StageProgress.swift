internal import ProcessTreeBase

/// The progress of one stage: the sum of the numbers that its nodes report.
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
  /// The latest report's words.
  private var words = ReportWords("")
  /// The largest total so far; while it grows, nobody knows where it ends.
  private var largestTotal: Int?
  private var hasGrown = false

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

  mutating func take(
    _ words: ReportWords, completed: Int, total: Int?, from path: String, at time: Duration
  ) {
    self.words = words
    shares[path] = Share(completed: max(0, completed), total: total.map { max(0, $0) })
    let sum = shares.values.reduce(ended.completed) { $0.saturatingAdding($1.completed) }
    window.record(sum, at: time)
    guard let total = self.total else { return }
    hasGrown = hasGrown || total > largestTotal ?? total
    largestTotal = max(total, largestTotal ?? total)
  }

  mutating func end(path: String) {
    guard let share = shares.removeValue(forKey: path) else { return }
    ended.completed = ended.completed.saturatingAdding(share.completed)
    // What a dead node has not done another one will count.
    ended.total = share.total == nil ? nil : ended.total?.saturatingAdding(share.completed)
  }

  /// The stage in a line: `Tokenize: 1200 of 5000 items (24 %), 300/s, 13 s left, 4 nodes`.
  func line(at time: Duration) -> String {
    let unit = words.unit.isEmpty ? "" : " \(words.unit)"
    let total = total.flatMap { $0 >= completed && $0 > 0 ? $0 : nil }
    let whole = hasGrown ? nil : total
    var parts: [String] = []
    if let total {
      let percent = Int(Double(completed) / Double(total) * 100)
      parts.append(
        "\(Self.short(completed)) of \(Self.short(total))\(unit)"
          + (whole == nil ? " so far" : " (\(percent) %)"))
    } else {
      parts.append(completed == 0 ? "no\(unit) so far" : Self.short(completed) + unit)
    }
    if completed > 0, let rate = window.rate(at: time) {
      parts.append("\(Self.short(Int(exactly: rate.rounded()) ?? .max))/s")
      if let whole, whole > completed, rate > 0 {
        parts.append("\(Self.time(Double(whole - completed) / rate)) left")
      }
    }
    switch shares.count {
    case 0: parts.append("ended")
    // The words of one node are the words of the stage.
    case 1: if !words.detail.isEmpty { parts.append(words.detail) }
    case let count: parts.append("\(count) nodes")
    }
    return "\(name): \(parts.joined(separator: ", "))"
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
