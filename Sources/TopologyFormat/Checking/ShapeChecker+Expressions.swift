extension ShapeChecker {
  /// A scalar with its expressions evaluated; nil if that cannot be done, which is reported.
  mutating func evaluated(_ given: Scalar, of value: Value, _ scope: Scope) -> Scalar? {
    guard let text = given.constant, Evaluation.holdsExpression(text) else { return given }
    var scope = scope
    if let file = files[value.place.file] { scope.directory = file.directory }
    var evaluation = Evaluation(scope, bytes: bytes)
    do throws(ExpressionErrors) {
      defer { bytes = evaluation.bytes }
      guard let evaluated = try evaluation.scalar(given) else {
        throw ExpressionErrors(all: [
          ExpressionError(offset: 0, message: evaluation.unset(given.description))
        ])
      }
      return evaluated
    } catch {
      for error in error.all {
        self.error(
          error.message.contains("has no value") ? .unsetVariable : .invalidExpression,
          at: place(of: error.offset, in: value), length: 3, error.message)
      }
      return nil
    }
  }

  /// The place of an expression within a scalar.
  private func place(of offset: Int, in value: Value) -> Place {
    guard let text = value.scalar?.constant, let file = files[value.place.file] else {
      return value.place
    }
    let before = text.unicodeScalars.prefix(offset)
    var left = String(String.UnicodeScalarView(before)).split(
      separator: "${{", omittingEmptySubsequences: false
    ).count
    for line in value.place
      .line...min(value.place.line + 2_000, max(value.place.line, file.lineCount))
    {
      let scalars = file.scalars(ofLine: line)
      var column = line == value.place.line ? value.place.column - 1 : 0
      while column + 2 < scalars.count {
        if scalars[column] == "$", scalars[column + 1] == "{", scalars[column + 2] == "{" {
          left -= 1
          if left == 0 { return Place(file: value.place.file, line: line, column: column + 1) }
        }
        column += 1
      }
    }
    return value.place
  }
}
