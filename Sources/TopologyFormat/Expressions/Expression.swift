/// What stands between `${{` and `}}`.
indirect enum Expression: Hashable {
  case variable(String)
  case environment(String)
  /// A word that belongs to the node, the run or the file: `instance`, `run.id`, `file.directory`.
  case word(Word)
  case constant(Scalar)
  case or(Expression, Expression)
  case sum(Expression, Expression)

  enum Word: String, CaseIterable {
    case instance, node, address
    case runID = "run.id"
    case runName = "run.name"
    case runScratch = "run.scratch"
    case fileDirectory = "file.directory"
  }
}

/// Why something is no expression, and at which of its characters.
struct ExpressionError: Error, Equatable {
  var offset: Int
  var message: String
}

/// All that is wrong with the expressions of one scalar.
struct ExpressionErrors: Error {
  var all: [ExpressionError]
}

/// Reads an expression, byte by byte: nearly all of it is ASCII.
struct ExpressionParser {
  private let text: [UInt8]
  private var index = 0
  private var depth = 0

  static func expression(_ text: String) throws(ExpressionError) -> Expression {
    var parser = ExpressionParser(text: Array(text.utf8))
    let expression = try parser.sum()
    parser.skipSpaces()
    guard parser.index == parser.text.count else { throw parser.meaningless() }
    return expression
  }

  private init(text: [UInt8]) { self.text = text }

  private func error(_ message: String) -> ExpressionError {
    ExpressionError(offset: index, message: message + ".")
  }

  private func meaningless() -> ExpressionError {
    error("'\(character)' has no meaning here; there are names, numbers, 'text', + and or")
  }

  // MARK: Characters

  /// What a character is, as far as it matters, and how many bytes it has.
  private enum Kind { case space, letter, digit, point, other }

  /// The character of which the first byte is next.
  private var character: Character { String(decoding: text[index...], as: UTF8.self).first ?? " " }

  private var next: (kind: Kind, length: Int) {
    let byte = text[index]
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "_"):
      return (.letter, 1)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return (.digit, 1)
    case UInt8(ascii: "."): return (.point, 1)
    case 0x09...0x0D, UInt8(ascii: " "): return (.space, 1)
    case ..<0x80: return (.other, 1)
    default: break
    }
    let character = self.character
    let kind: Kind =
      if character.isLetter { .letter } else if character.isNumber { .digit } else {
        character.isWhitespace ? .space : .other
      }
    return (kind, max(1, character.utf8.count))
  }

  private mutating func skipSpaces() {
    while index < text.count {
      let (kind, length) = next
      guard kind == .space else { return }
      index += length
    }
  }

  /// Skips what names and numbers are made of.
  private mutating func skipNameParts() {
    while index < text.count {
      let (kind, length) = next
      switch kind {
      case .letter, .digit, .point: index += length
      case .space, .other: return
      }
    }
  }

  private func text(from start: Int, to end: Int) -> String {
    String(decoding: text[start..<end], as: UTF8.self)
  }

  // MARK: Parts

  private mutating func sum() throws(ExpressionError) -> Expression {
    var left = try alternatives()
    while true {
      skipSpaces()
      guard index < text.count, text[index] == UInt8(ascii: "+") else { return left }
      index += 1
      depth += 1
      guard depth < 64 else { throw error("an expression has at most 64 parts") }
      left = .sum(left, try alternatives())
    }
  }

  private mutating func alternatives() throws(ExpressionError) -> Expression {
    var left = try term()
    while true {
      skipSpaces()
      let start = index
      guard start + 1 < text.count, text[start] == UInt8(ascii: "o"),
        text[start + 1] == UInt8(ascii: "r")
      else { return left }
      skipNameParts()
      guard index == start + 2 else {
        index = start
        return left
      }
      depth += 1
      guard depth < 64 else { throw error("an expression has at most 64 parts") }
      left = .or(left, try term())
    }
  }

  private mutating func term() throws(ExpressionError) -> Expression {
    skipSpaces()
    guard index < text.count else { throw error("an expression ends too early") }
    switch text[index] {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .constant(try quoted())
    case UInt8(ascii: "-"): return .constant(try number())
    default: break
    }
    switch next.kind {
    case .digit: return .constant(try number())
    case .letter: return try reference()
    case .space, .point, .other: throw meaningless()
    }
  }

  private mutating func quoted() throws(ExpressionError) -> Scalar {
    let start = index + 1
    guard let end = text[start...].firstIndex(of: text[index]) else {
      throw error("the quotation is not closed")
    }
    index = end + 1
    return Scalar(text(from: start, to: end), isPlain: false)
  }

  private mutating func number() throws(ExpressionError) -> Scalar {
    let start = index
    index += next.length
    skipNameParts()
    let scalar = Scalar(text(from: start, to: index))
    guard scalar.number != nil else {
      index = start
      throw error("'\(scalar.description)' is no number")
    }
    return scalar
  }

  private mutating func reference() throws(ExpressionError) -> Expression {
    let start = index
    skipNameParts()
    let name = text(from: start, to: index)
    if let word = Expression.Word(rawValue: name) { return .word(word) }
    guard let dot = text[start..<index].firstIndex(of: UInt8(ascii: ".")) else {
      return .variable(name)
    }
    if text(from: start, to: dot) == "env", dot + 1 < index {
      return .environment(text(from: dot + 1, to: index))
    }
    let words = Expression.Word.allCases.map(\.rawValue)
    let nearest = Nearest.word(to: name, among: words).map { "; did you mean '\($0)'?" } ?? ""
    throw ExpressionError(
      offset: start,
      message: "there is no '\(name.prefix(60))'" + (nearest.isEmpty ? "." : nearest))
  }
}
