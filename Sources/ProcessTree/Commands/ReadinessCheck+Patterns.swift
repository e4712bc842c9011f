internal import ProcessTreeBase
internal import ProcessTreeWire
// Weakly: a program without patterns need not load this library and its parser, whose mappings
// each start of a node would copy. No other file of the libraries uses it.
@_weakLinked public import _StringProcessing

extension ReadinessCheck {
  /// The command writes a line in which this regular expression, in Swift's syntax, finds
  /// something.
  @_alwaysEmitIntoClient
  public static func line(matching pattern: String) -> Self {
    // Compiled into the caller's module, whose reference is not weak: its program has the library.
    Self(pattern: pattern, by: Regex<AnyRegexOutput>.self)
  }

  // Inline, the argument could go, and the caller's reference with it.
  @usableFromInline @inline(never)
  init(pattern: String, by engine: Any.Type) { self.init(.pattern(pattern)) }

  /// Whether a line of the output matches.
  ///
  /// - Throws: `invalidSpecification` for a pattern that is no regular expression, or in a program
  ///   in which no code makes a check by a pattern, and which is linked without what it does not
  ///   need.
  static func lineTest(matching pattern: String) throws -> (String) -> Bool {
    guard TypeName.find("17_StringProcessing14AnyRegexOutputV") != nil else {
      throw ProcessTreeError(
        .invalidSpecification,
        "The program is linked without regular expressions; it has them if its code calls "
          + "ReadinessCheck.line(matching:).")
    }
    do {
      let expression = try Regex(pattern)
      return { (try? expression.firstMatch(in: $0)) != nil }
    } catch {
      throw ProcessTreeError(
        .invalidSpecification,
        "\(pattern.quotation.debugDescription) is no regular expression: \(error)")
    }
  }
}
