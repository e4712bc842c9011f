/// A value of a file, which knows where it stands.
///
/// It has no type of its own: the place that it stands in decides what a scalar is read as.
package struct Value: Hashable, Sendable, Codable {
  package enum Content: Hashable, Sendable, Codable {
    case nothing
    case scalar(Scalar)
    case list([Value])
    case map([Entry])
  }

  /// A key and its value.
  package struct Entry: Hashable, Sendable, Codable {
    package var key: String
    package var place: Place
    package var value: Value

    package init(key: String, place: Place, value: Value) {
      self.key = key
      self.place = place
      self.value = value
    }
  }

  package var content: Content
  package var place: Place
  /// Whether it came here through an alias, so that its place is that of its anchor.
  package var isAliased = false

  package init(_ content: Content, at place: Place) {
    self.content = content
    self.place = place
  }

  package var scalar: Scalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  package var list: [Value]? {
    if case .list(let values) = content { values } else { nil }
  }

  package var entries: [Entry]? {
    if case .map(let entries) = content { entries } else { nil }
  }

  package var isNothing: Bool {
    if case .nothing = content { true } else { false }
  }

  /// The value of a key.
  package subscript(_ key: String) -> Value? {
    // Plans ask for dozens of keys of each node: nothing of the entries in between is copied.
    guard case .map(let entries) = content else { return nil }
    for index in entries.indices where entries[index].key == key { return entries[index].value }
    return nil
  }

  /// The entry of a key.
  package func entry(_ key: String) -> Entry? {
    guard case .map(let entries) = content else { return nil }
    for index in entries.indices where entries[index].key == key { return entries[index] }
    return nil
  }

  /// Whether it has a key.
  package func has(_ key: String) -> Bool {
    guard case .map(let entries) = content else { return false }
    for index in entries.indices where entries[index].key == key { return true }
    return false
  }

  /// The text of a scalar that is known before the start.
  package var text: String? { scalar?.constant }

  /// What it is, for messages.
  package var kindInWords: String {
    switch content {
    case .nothing: "nothing"
    case .scalar(let scalar): scalar.quotation
    case .list(let values): values.isEmpty ? "an empty list" : "a list"
    case .map: "a map of keys"
    }
  }
}

/// A scalar: its text, of which parts may be known at the start of a process only.
package struct Scalar: Hashable, Sendable, Codable {
  package enum Piece: Hashable, Sendable, Codable {
    case text(String)
    /// The number of the instance, times a factor, and a number.
    case instance(factor: Int, plus: Int)
    case runIdentity
    case runScratch
    /// A variable of the environment of another machine.
    case unknown
  }

  package var pieces: [Piece]
  /// Whether it stood without quotes, so that it may be a number or a truth value.
  package var isPlain: Bool
  package var isSecret = false

  package init(_ text: String, isPlain: Bool = true) {
    pieces = [.text(text)]
    self.isPlain = isPlain
  }

  package init(pieces: [Piece], isPlain: Bool = true) {
    self.pieces = pieces
    self.isPlain = isPlain
  }

  /// The text, if all of it is known.
  package var constant: String? {
    if pieces.isEmpty { return "" }
    guard pieces.count == 1, case .text(let text) = pieces[0] else { return nil }
    return text
  }

  /// Whether it holds a zero byte, which ends a text for the kernel.
  var holdsZero: Bool {
    pieces.contains { if case .text(let text) = $0 { text.utf8.contains(0) } else { false } }
  }

  /// Whether a part of it is not known on this machine.
  package var isUnknown: Bool { pieces.contains(.unknown) }

  /// The integer that it reads as.
  package var integer: Int? {
    guard isPlain, let text = constant, Self.mayBeNumber(text) else { return nil }
    guard text.utf8.contains(UInt8(ascii: "_")) else { return Int(text) }
    let digits = text.utf8.filter { $0 != UInt8(ascii: "_") }
    return Int(String(decoding: digits, as: UTF8.self))
  }

  /// The number that it reads as.
  package var number: Double? {
    guard isPlain, let text = constant, Self.mayBeNumber(text), let value = Double(text),
      value.isFinite
    else { return nil }
    return value
  }

  private static func mayBeNumber(_ text: String) -> Bool {
    guard let first = text.utf8.first else { return false }
    return first == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
  }

  /// How it is shown in messages: short, and without secrets.
  var quotation: String {
    if isSecret { return "'•••'" }
    let text = description
    return text.count > 40 ? "'\(text.prefix(40))…'" : "'\(text)'"
  }
}

extension Scalar: CustomStringConvertible {
  /// The text as it would stand in a file, with expressions in the places of unknown parts.
  package var description: String {
    pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .instance(1, 0): "${{ instance }}"
      case .instance(let factor, let number):
        "${{ "
          + (Array(repeating: "instance", count: max(0, min(factor, 8))) + [String(number)])
          .joined(separator: " + ") + " }}"
      case .runIdentity: "${{ run.id }}"
      case .runScratch: "${{ run.scratch }}"
      case .unknown: "…"
      }
    }.joined()
  }

  /// The text for one process.
  ///
  /// - Parameters:
  ///   - instance: The number of the instance, from 1 on.
  ///   - run: The run's number in words.
  ///   - scratch: The run's own directory.
  package func resolved(instance: Int, run: String, scratch: String) -> String {
    // Each node of a command does this, and `joined` looks through all conformances of the program.
    var whole = ""
    for piece in pieces {
      switch piece {
      case .text(let text): whole += text
      case .instance(let factor, let number):
        whole += String(instance.multipliedReportingOverflow(by: factor).partialValue &+ number)
      case .runIdentity: whole += run
      case .runScratch: whole += scratch
      case .unknown: break
      }
    }
    return whole
  }
}
