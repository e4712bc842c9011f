/// Puts the values of expressions into scalars.
struct Evaluation {
  /// How long all texts together may become.
  static let mostBytes = 16 << 20
  private static let opening: StaticString = "${{"

  private let scope: Scope
  /// After how many errors a scalar is left: each that refers to wrong variables would multiply
  /// their work.
  private var mostErrors = 20
  /// How many bytes have been made.
  private(set) var bytes: Int

  init(_ scope: Scope, bytes: Int = 0) {
    self.scope = scope
    self.bytes = bytes
  }

  /// A scalar with its expressions evaluated; nil if all of it is one that has no value.
  mutating func scalar(_ scalar: Scalar) throws(ExpressionErrors) -> Scalar? {
    guard let text = scalar.constant, Self.holdsExpression(text) else { return scalar }
    var errors: [ExpressionError] = []
    var result = Scalar(pieces: [], isPlain: false)
    let parts = Self.parts(of: text)
    for part in parts {
      do throws(ExpressionError) {
        if case .expression(let source, let offset) = part, parts.count == 1 {
          return try evaluate(source, at: offset)
        }
        try append(part, to: &result)
      } catch {
        errors.append(error)
        // A text that grows beyond all bounds is too long once.
        if errors.count == mostErrors || bytes > Self.mostBytes { break }
      }
    }
    guard errors.isEmpty else { throw ExpressionErrors(all: errors) }
    return result
  }

  private mutating func append(_ part: Part, to result: inout Scalar) throws(ExpressionError) {
    switch part {
    case .text(let text): result.append(.text(text))
    case .wrong(let error): throw error
    case .expression(let source, let offset):
      guard let value = try evaluate(source, at: offset) else {
        throw ExpressionError(offset: offset, message: unset(source))
      }
      for piece in value.pieces {
        if case .text(let text) = piece { try count(text, at: offset) }
        result.append(piece)
      }
      result.isSecret = result.isSecret || value.isSecret
    }
  }

  func unset(_ source: String) -> String {
    let name =
      source.hasPrefix("\(Self.opening)")
      ? source.dropFirst(3).dropLast(2).trimmed : source.trimmed
    return "'\(name.prefix(60))' has no value; "
      + (name.hasPrefix("env.")
        ? "set it, or write \"\(name.prefix(60)) or 'something'\"."
        : "give it one with --set \(name.prefix(60))=…, or a default.")
  }

  private mutating func count(_ text: String, at offset: Int) throws(ExpressionError) {
    bytes += text.utf8.count
    guard bytes <= Self.mostBytes else {
      throw ExpressionError(
        offset: offset,
        message: "the values of expressions have more than \(Self.mostBytes) bytes in all.")
    }
  }

  // MARK: Parts

  enum Part: Equatable {
    case text(String)
    /// What stands between the braces, and where in the text that begins.
    case expression(String, at: Int)
    /// What begins like an expression and is none.
    case wrong(ExpressionError)
  }

  /// Whether a text may hold an expression.
  static func holdsExpression(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { place(of: opening, in: $0, from: 0) != nil }
  }

  /// Text and expressions in turn; `$${{` is the text `${{`.
  static func parts(of text: String) -> [Part] {
    var text = text
    return text.withUTF8(parts)
  }

  private static func parts(of text: UnsafeBufferPointer<UInt8>) -> [Part] {
    var parts: [Part] = []
    var rest = 0
    var plain = ""
    // Where the last expression began, so that no part is counted twice.
    var (offset, counted) = (0, 0)
    func string(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
    while let start = place(of: opening, in: text, from: rest) {
      // Characters begin with bytes that continue no other.
      offset += text[counted..<start].count { $0 & 0xC0 != 0x80 }
      counted = start
      let begin = start + opening.utf8CodeUnitCount
      if start > rest, text[start - 1] == UInt8(ascii: "$") {
        plain += string(rest..<start - 1) + "\(opening)"
        rest = begin
        continue
      }
      plain += string(rest..<start)
      if !plain.isEmpty { parts.append(.text(plain)) }
      plain = ""
      guard let end = place(of: "}}", in: text, from: begin) else {
        let message = "'${{' is not closed by '}}'."
        return parts + [.wrong(ExpressionError(offset: offset, message: message))]
      }
      parts.append(
        (begin..<end).contains { LineBreak.length(at: $0, in: text) > 0 }
          ? .wrong(ExpressionError(offset: offset, message: "an expression stands on one line."))
          : .expression(string(begin..<end), at: offset))
      rest = end + 2
    }
    plain += string(rest..<text.count)
    if !plain.isEmpty || parts.isEmpty { parts.append(.text(plain)) }
    return parts
  }

  /// Where a text of ASCII begins in another one, from a byte on.
  private static func place(
    of pattern: StaticString, in text: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> Int? {
    let (bytes, count) = (pattern.utf8Start, pattern.utf8CodeUnitCount)
    var index = start
    while index + count <= text.count {
      if text[index] == bytes[0], (1..<count).allSatisfy({ text[index + $0] == bytes[$0] }) {
        return index
      }
      index += 1
    }
    return nil
  }

  // MARK: Expressions

  private mutating func evaluate(
    _ source: String, at offset: Int
  ) throws(ExpressionError) -> Scalar? {
    do throws(ExpressionError) {
      return try value(of: try ExpressionParser.expression(source))
    } catch {
      throw ExpressionError(offset: offset, message: error.message)
    }
  }

  private mutating func value(of expression: Expression) throws(ExpressionError) -> Scalar? {
    switch expression {
    case .constant(let scalar): return scalar
    case .variable(let name): return try variable(name)
    case .environment(let name):
      if let value = scope.variables.environment[name] { return Scalar(value) }
      if scope.variables.isWithoutEnvironment { return Scalar(pieces: [.unknown]) }
      return nil
    case .word(let word): return try value(of: word)
    case .or(let left, let right):
      if let value = try value(of: left), value.constant != "" {
        // The names on the right are checked as well.
        _ = try self.value(of: right)
        return value
      }
      return try value(of: right)
    case .sum(let left, let right):
      guard let first = try value(of: left), let second = try value(of: right) else {
        throw ExpressionError(offset: 0, message: "a part of the sum has no value.")
      }
      return try Self.sum(first, second)
    }
  }

  private mutating func variable(_ name: String) throws(ExpressionError) -> Scalar? {
    if let known = scope.variables.evaluated[name] { return known }
    guard scope.variables.table[name] != nil else {
      let known = scope.variables.table.keys.sorted() + Expression.Word.allCases.map(\.rawValue)
      let nearest = Nearest.word(to: name, among: known).map { "; did you mean '\($0)'?" }
      throw ExpressionError(
        offset: 0, message: "there is no variable '\(name.prefix(60))'" + (nearest ?? "."))
    }
    scope.variables.use(name)
    var inner = self
    // Where the variable stands, all of its errors are reported.
    inner.mostErrors = 1
    defer { bytes = inner.bytes }
    return try scope.variables.scalar(name) { value throws(ExpressionError) in
      guard let scalar = value.scalar else { return nil }
      do throws(ExpressionErrors) {
        return try inner.scalar(scalar)
      } catch {
        throw error.all[0]
      }
    }
  }

  private func value(of word: Expression.Word) throws(ExpressionError) -> Scalar? {
    switch word {
    case .fileDirectory: return Scalar(scope.directory)
    case .runName: return Scalar(scope.runName)
    case .runID: return Scalar(pieces: [.runIdentity])
    case .runScratch: return Scalar(pieces: [.runScratch])
    case .instance, .node, .address:
      guard let node = scope.node else {
        throw ExpressionError(
          offset: 0, message: "'\(word.rawValue)' has a value within a node only.")
      }
      let number: [Scalar.Piece] = scope.hasInstances ? [.instance(factor: 1, plus: 0)] : []
      if word == .instance {
        return number.isEmpty ? Scalar("1") : Scalar(pieces: number)
      }
      let name = word == .node ? node : scope.address
      return number.isEmpty ? Scalar(name) : Scalar(pieces: [.text(name + "-")] + number)
    }
  }

  private static func sum(_ left: Scalar, _ right: Scalar) throws(ExpressionError) -> Scalar {
    var sum: Scalar
    if let first = left.line, let second = right.line {
      let factor = first.factor.addingReportingOverflow(second.factor)
      let number = first.plus.addingReportingOverflow(second.plus)
      guard !factor.overflow, !number.overflow else {
        throw ExpressionError(offset: 0, message: "the sum is too large.")
      }
      sum =
        factor.partialValue == 0
        ? Scalar(String(number.partialValue))
        : Scalar(pieces: [.instance(factor: factor.partialValue, plus: number.partialValue)])
    } else if let first = left.number, let second = right.number {
      sum = Scalar(String(first + second))
    } else if left.isUnknown || right.isUnknown {
      sum = Scalar(pieces: [.unknown])
    } else {
      let wrong = left.line == nil && left.number == nil ? left : right
      throw ExpressionError(
        offset: 0, message: "'+' adds numbers, and \(wrong.quotation) is none.")
    }
    sum.isSecret = left.isSecret || right.isSecret
    return sum
  }
}

extension Scalar {
  /// What it is as a number that may depend on the instance.
  fileprivate var line: (factor: Int, plus: Int)? {
    if let integer { return (0, integer) }
    guard pieces.count == 1, case .instance(let factor, let plus) = pieces[0] else { return nil }
    return (factor, plus)
  }

  fileprivate mutating func append(_ piece: Piece) {
    guard case .text(let text) = piece, case .text(var whole)? = pieces.last else {
      return pieces.append(piece)
    }
    // Without its other owner the text grows in its place.
    pieces.removeLast()
    whole += text
    pieces.append(.text(whole))
  }
}

extension StringProtocol {
  /// The text without spaces at its ends.
  var trimmed: String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
    while rest.last?.isWhitespace == true { rest = rest.dropLast() }
    return String(rest)
  }
}
