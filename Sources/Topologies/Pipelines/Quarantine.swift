internal import Pipelines
internal import ProcessTree
internal import ProcessTreeBase

/// Where the records go that stages gave up.
final class Quarantine: Sendable {
  /// Nil where they fail the run.
  private let file: RecordFile?
  private let node: Node
  /// In the account of the run.
  private let entry: PutAsideAccount.Entry?
  private let count = Lock(0)

  init(file: RecordFile?, entry: PutAsideAccount.Entry?, node: Node) {
    (self.file, self.entry, self.node) = (file, entry, node)
  }

  /// Sets a record aside.
  ///
  /// - Throws: `RecordGivenUp` where the file names no place for it.
  func take(_ refusal: Refusal) async throws {
    guard let file else { throw RecordGivenUp(refusal: refusal) }
    try await file.write(Array((Self.line(refusal) + "\n").utf8), in: node)
    count.withLock { count in
      count += 1
      entry?.note(count)
    }
  }

  /// The line of JSON for a record: as text, or in base64 where it is none.
  static func line(_ refusal: Refusal) -> String {
    var fields: [String] = []
    if let input = refusal.input { fields.append("\"input\":\(input)") }
    fields.append("\"stage\":\(quoted(refusal.stage))")
    if let text = String(validating: refusal.record, as: UTF8.self) {
      fields.append("\"record\":\(quoted(text))")
    } else {
      fields.append("\"base64\":\"\(base64(refusal.record))\"")
    }
    fields.append("\"failures\":[\(refusal.failures.map(quoted).joined(separator: ","))]")
    return "{\(fields.joined(separator: ","))}"
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      let word = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      for place in 0..<4 {
        text.append(
          place <= part.count ? alphabet[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// A record ended all attempts, and no quarantine was named.
struct RecordGivenUp: Error, CustomStringConvertible {
  let refusal: Refusal

  var description: String {
    let record = refusal.input.map { "record \($0 + 1)" } ?? "a record"
    let last = refusal.failures.last.map { ", the last time: \($0)" } ?? ""
    return
      "\(record) failed \(refusal.failures.count) times at the stage \(refusal.stage)\(last); "
      + "name a 'quarantine' to go on without such records"
  }
}
