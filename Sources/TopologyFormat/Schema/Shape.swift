/// What a value in some place of a file has to look like.
///
/// The checker walks it, and the JSON Schema and the tables of the documentation are made from it.
package indirect enum Shape: Sendable {
  /// Any scalar, as text.
  case text(TextRule)
  /// One of these words.
  case word([String])
  case boolean
  /// The truth value `true` and no other.
  case yes
  case integer(ClosedRange<Int>)
  case number(ClosedRange<Double>)
  /// A time with a unit.
  case time
  /// A number of bytes, or of other things.
  case size
  case list(of: Shape, least: Int, most: Int)
  case map(keys: TextRule, of: Shape, least: Int)
  /// An object of the schema, by its name.
  case object(String)
  /// A shape of the schema that has a name.
  case named(String)
  /// What it has to be depends on whether it is a scalar, a list, or a map.
  case either(scalar: Shape?, list: Shape?, map: Shape?, orNothing: Bool)
  case anything
}

/// What a text may be.
package enum TextRule: String, Sendable, CaseIterable {
  /// What the kernel takes as text: an argument, a path, a value of the environment.
  case any
  /// The same, known before the start: what the check reads itself, such as the path of an included
  /// file.
  case known
  /// Any bytes that are text.
  case record
  /// Any bytes that are text, but none is no text; known before the start.
  case separator
  /// The name of a node and the like.
  case name
  case variableName
  case environmentName
  /// Four octal digits, the first of them 0.
  case mode
  /// `4` or `2..8`.
  case workers
  /// `1` or `1.N`.
  case version
  /// The pointer of a value in a JSON document.
  case pointer
  /// A number from 1 on, or text that holds one, such as a port.
  case port

  /// The regular expression of the JSON Schema.
  package var pattern: String? {
    switch self {
    case .any, .known, .record, .separator: nil
    case .name: "^[A-Za-z][A-Za-z0-9._-]{0,47}$"
    case .variableName: "^[a-z][A-Za-z0-9]*$"
    case .environmentName: "^[A-Za-z_][A-Za-z0-9_]*$"
    case .mode: "^0[0-7]{3}$"
    case .workers: "^[0-9]+\\.\\.[0-9]+$"
    case .version: "^1(\\.[0-9]+)?$"
    case .pointer: "^(/.*)?$"
    case .port: nil
    }
  }

  /// Whether the text goes to the kernel, for which a zero byte ends it.
  var isForKernel: Bool {
    switch self {
    case .any, .known, .port: true
    default: false
    }
  }

  /// Why a text does not follow the rule; nil if it does.
  func refusal(of text: String) -> String? {
    switch self {
    case .any, .known, .record, .port: return nil
    case .separator:
      return text.isEmpty
        ? "nothing cannot stand between fields; without 'separator' spaces and tabs do" : nil
    case .name:
      return Self.isName(text)
        ? nil
        : "a name is a letter, then letters, digits, '.', '_' and '-', at most 48 in all"
    case .variableName:
      let isName =
        text.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } == true
        && text.utf8.allSatisfy(Self.isAlphanumeric)
      return isName ? nil : "a variable's name is a small letter, then letters and digits"
    case .environmentName:
      let isName =
        text.utf8.first.map { !Self.isDigit($0) } == true
        && text.utf8.allSatisfy { Self.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
      return isName
        ? nil : "a name in the environment is a letter or '_', then letters, digits and '_'"
    case .mode:
      let digits = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
      return digits && text.utf8.count == 4 && text.hasPrefix("0")
        ? nil : "a mask is four octal digits, the first of them 0: write \"0022\""
    case .workers:
      return WorkerRange(text) == nil
        ? "workers are a number such as 4, or a range such as 2..8, from 1 to 64" : nil
    case .version: return nil
    case .pointer:
      return text.isEmpty || text.hasPrefix("/") ? nil : "a JSON pointer begins with '/'"
    }
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, isAlphanumeric(first), !isDigit(first),
      text.utf8.count <= 48
    else { return false }
    return text.utf8.allSatisfy { isAlphanumeric($0) || ".-_".utf8.contains($0) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}

/// How many workers a stage has: at its start, and at most.
package struct WorkerRange: Hashable, Sendable {
  package let first: Int
  package let most: Int

  package init?(_ text: String) {
    let bounds = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let first = bounds.first.flatMap({ Int($0) }), (1...64).contains(first) else {
      return nil
    }
    if bounds.count == 1 {
      (self.first, most) = (first, first)
    } else {
      guard bounds.count == 3, bounds[1].isEmpty, let last = Int(bounds[2]),
        (first...64).contains(last)
      else { return nil }
      (self.first, most) = (first, last)
    }
  }
}

/// A kind of object: its keys, and which of them exclude each other.
package struct ObjectShape: Sendable {
  package var name: String
  /// What the keys belong to, in messages: "a node".
  package var title: String
  package var keys: [Key]
  /// Of these keys there is exactly one.
  package var exactlyOne: [String] = []
  /// Whether keys that begin with `x-` may hold anything.
  package var hasExtensions = false

  package func key(_ name: String) -> Key? {
    for index in keys.indices where keys[index].name == name { return keys[index] }
    return nil
  }
}

/// A key of an object.
package struct Key: Sendable {
  package var name: String
  package var shape: Shape
  package var isRequired = false
  /// Its meaning, for the documentation.
  package var summary: String
  /// What holds without it.
  package var standard: String
  /// The kinds of nodes that it fits; nil for all.
  package var kinds: Set<NodeKind>?
}

/// The kinds of nodes.
package enum NodeKind: String, CaseIterable, Sendable, Codable {
  case command, shell, program, pipeline, nodes, file

  var isGroup: Bool { self == .nodes || self == .file }
}
