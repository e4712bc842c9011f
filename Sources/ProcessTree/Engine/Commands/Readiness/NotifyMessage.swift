/// A datagram of systemd's `sd_notify` protocol: lines of `NAME=value`.
struct NotifyMessage: Equatable {
  /// What of it means something here.
  enum Word: Equatable {
    case ready
    case stopping
    case watchdog
    /// The command asks to be ended as if its watchdog had not been heard.
    case watchdogTrigger
    case status(String)
  }

  let words: [Word]

  /// Reads a datagram; other lines than those of the protocol that matter here are skipped.
  init(_ bytes: [UInt8]) {
    words = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { return nil }
      let value = String(decoding: line[line.index(after: equals)...], as: UTF8.self)
      switch String(decoding: line[..<equals], as: UTF8.self) {
      case "READY" where value == "1": return .ready
      case "STOPPING" where value == "1": return .stopping
      case "WATCHDOG" where value == "1": return .watchdog
      case "WATCHDOG" where value == "trigger": return .watchdogTrigger
      case "STATUS": return .status(value)
      default: return nil
      }
    }
  }
}
