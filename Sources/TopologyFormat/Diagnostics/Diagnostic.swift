/// A message about a file, with its place.
package struct Diagnostic: Hashable, Sendable {
  package enum Severity: String, Sendable {
    /// Nothing is wrong.
    case note
    case warning, error
  }

  /// The kind of a fault; these never change, wording may.
  package enum Code: String, Sendable, CaseIterable {
    case unreadable, tooLarge, invalidYAML, duplicateKey, tooDeep, tooManyValues
    case unknownKey, missingKey, wrongType, wrongValue, invalidName, exclusiveKeys, keyOfOtherKind
    case unsupportedVersion, invalidExpression, unknownVariable, unsetVariable, unusedVariable
    case misplacedSecret
    case unknownNode, duplicateNode, cycle, neverReached, ambiguousDependency, meaningless
    case includeCycle, tooManyFiles, missingFile, missingExecutable, missingApp
    case unknownProfile, broughtIn, needsRoot, unsafeFile
    case unknownProgram, unknownStage, wrongArgument, uncheckedPrograms
    case unknownChannel, wrongElement, unusedChannel
    case unknownHost, unusedHost
    case overwritten
  }

  package var severity: Severity
  package var code: Code
  package var place: Place
  /// How many columns it spans.
  package var length: Int
  package var message: String
  /// The probable meaning.
  package var suggestion: String?
  /// The keys from the top of the file to the value, joined by dots.
  package var path: String
}

/// What a check has found.
package struct Diagnostics: Sendable {
  /// How many are shown at once.
  package static let most = 50

  package private(set) var all: [Diagnostic] = []
  private var known: Set<Key> = []
  /// Texts that are not shown, not even as a part of the file.
  package private(set) var secrets: Set<String> = []
  /// The places of such texts, where they may be written in another way: nothing of the line from
  /// there on is shown.
  package private(set) var placesOfSecrets: Set<Place> = []

  /// Does not show a text, nor what stands in the line where it begins.
  mutating func hide(_ text: String?, at place: Place? = nil) {
    if let text { secrets.insert(text) }
    if let place { placesOfSecrets.insert(place) }
  }

  /// The lines of which only a part is shown, whatever it is: nobody knows what stands in them.
  package private(set) var shownParts: [Place: Range<Int>] = [:]

  /// Shows no more of a line than some columns from a place on: the key that is wrong.
  mutating func hideLine(at place: Place, except length: Int) {
    shownParts[Place(file: place.file, line: place.line)] =
      place.column - 1..<place.column - 1 + max(0, length)
  }

  mutating func hideSecrets(of other: Diagnostics) {
    secrets.formUnion(other.secrets)
    placesOfSecrets.formUnion(other.placesOfSecrets)
    shownParts.merge(other.shownParts) { $1 }
  }

  private struct Key: Hashable {
    let place: Place
    let message: String
  }

  package init() {}

  /// Whether no more are kept.
  var isFull: Bool { all.count >= 1_000 }

  package mutating func add(_ diagnostic: Diagnostic) {
    // A value that came by an alias is looked at in each of its places, and is wrong once.
    guard !isFull,
      known.insert(Key(place: diagnostic.place, message: diagnostic.message)).inserted
    else { return }
    all.append(diagnostic)
  }

  package mutating func error(
    _ code: Diagnostic.Code, at place: Place, length: Int = 1, _ message: String,
    suggestion: String? = nil, path: String = ""
  ) {
    add(
      Diagnostic(
        severity: .error, code: code, place: place, length: length, message: message,
        suggestion: suggestion, path: path))
  }

  package mutating func warning(
    _ code: Diagnostic.Code, at place: Place, length: Int = 1, _ message: String,
    suggestion: String? = nil, path: String = ""
  ) {
    add(
      Diagnostic(
        severity: .warning, code: code, place: place, length: length, message: message,
        suggestion: suggestion, path: path))
  }

  package mutating func note(
    _ code: Diagnostic.Code, at place: Place, length: Int, _ message: String
  ) {
    add(
      Diagnostic(
        severity: .note, code: code, place: place, length: length, message: message,
        suggestion: nil, path: ""))
  }

  /// In the order of the files.
  package var sorted: [Diagnostic] {
    all.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
      .map(\.element)
  }

  package var errorCount: Int { all.count { $0.severity == .error } }

  package var warningCount: Int { all.count { $0.severity == .warning } }

  /// Makes errors of the warnings.
  package mutating func beStrict() {
    for index in all.indices where all[index].severity == .warning {
      all[index].severity = .error
    }
  }
}
