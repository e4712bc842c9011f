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

/// Reads an expression.
struct ExpressionParser {
  private let text: [Character]
  private var index = 0
  private var depth = 0

  static func expression(_ text: some StringProtocol) throws(ExpressionError) -> Expression {
    var parser = ExpressionParser(text: Array(text))
    let expression = try parser.sum()
    parser.skipSpaces()
    guard parser.index == parser.text.count else {
      throw parser.error(
        "'\(parser.text[parser.index])' has no meaning here; "
          + "there are names, numbers, 'text', + and or")
    }
    return expression
  }

  private init(text: [Character]) { self.text = text }

  private func error(_ message: String) -> ExpressionError {
    ExpressionError(offset: index, message: message + ".")
  }

  private mutating func skipSpaces() {
    while index < text.count, text[index].isWhitespace { index += 1 }
  }

  private mutating func sum() throws(ExpressionError) -> Expression {
    var left = try alternatives()
    while true {
      skipSpaces()
      guard index < text.count, text[index] == "+" else { return left }
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
      let rest = text[index...]
      guard rest.starts(with: "or"), rest.dropFirst(2).first.map({ !isNamePart($0) }) ?? true
      else { return left }
      index += 2
      depth += 1
      guard depth < 64 else { throw error("an expression has at most 64 parts") }
      left = .or(left, try term())
    }
  }

  private func isNamePart(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_" || character == "."
  }

  private mutating func term() throws(ExpressionError) -> Expression {
    skipSpaces()
    guard index < text.count else { throw error("an expression ends too early") }
    switch text[index] {
    case "'", "\"": return .constant(try quoted())
    case let first where first.isNumber || first == "-": return .constant(try number())
    case let first where first.isLetter || first == "_": return try reference()
    default:
      throw error(
        "'\(text[index])' has no meaning here; there are names, numbers, 'text', + and or")
    }
  }

  private mutating func quoted() throws(ExpressionError) -> Scalar {
    let quote = text[index]
    guard let end = text[(index + 1)...].firstIndex(of: quote) else {
      throw error("the quotation is not closed")
    }
    defer { index = end + 1 }
    return Scalar(String(text[(index + 1)..<end]), isPlain: false)
  }

  private mutating func number() throws(ExpressionError) -> Scalar {
    let start = index
    index += 1
    while index < text.count, isNamePart(text[index]) { index += 1 }
    let scalar = Scalar(String(text[start..<index]))
    guard scalar.number != nil else {
      index = start
      throw error("'\(scalar.description)' is no number")
    }
    return scalar
  }

  private mutating func reference() throws(ExpressionError) -> Expression {
    let start = index
    while index < text.count, isNamePart(text[index]) { index += 1 }
    let name = String(text[start..<index])
    if let word = Expression.Word(rawValue: name) { return .word(word) }
    guard let dot = name.firstIndex(of: ".") else { return .variable(name) }
    let member = String(name[name.index(after: dot)...])
    if name[..<dot] == "env", !member.isEmpty { return .environment(member) }
    index = start
    let words = Expression.Word.allCases.map(\.rawValue)
    let nearest = Nearest.word(to: name, among: words).map { "; did you mean '\($0)'?" } ?? ""
    throw ExpressionError(
      offset: start,
      message: "there is no '\(name.prefix(60))'" + (nearest.isEmpty ? "." : nearest))
  }
}
