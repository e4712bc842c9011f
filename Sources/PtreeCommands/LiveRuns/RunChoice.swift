internal import ArgumentParser
internal import ProcessTree
internal import ProcessTreeProcessControl
internal import ProcessTreeTopologyFormat

/// A reason why a command about live runs ends without what was wanted.
struct RunRefusal: Error, CustomStringConvertible {
  let code: Int32
  /// The word of the reason in JSON.
  let kind: String
  let description: String
  /// Why the root did not answer; nil if that is not the reason.
  var failure: DeskClient.Failure?

  static func noSuchRun(_ text: String) -> Self {
    Self(code: LiveExitCode.notFound, kind: "noSuchRun", description: text)
  }

  static func dead(_ run: LiveRun) -> Self {
    noSuchRun(
      "the root of \(run.label) is dead; what it left: \(RunningTool.current.name) kill \(run.name)"
    )
  }

  /// A run that ended while it was looked at.
  static func ended(_ run: LiveRun) -> Self {
    var refusal = noSuchRun("\(run.label) has ended.")
    refusal.failure = .absent
    return refusal
  }

  static func noSuchNode(_ text: String) -> Self {
    Self(code: LiveExitCode.notFound, kind: "noSuchNode", description: text)
  }
}

/// The exit codes of commands about live runs, beside those of all commands.
enum LiveExitCode {
  static let notFound: Int32 = 3
  static let impossible: Int32 = 4
  static let noAnswer: Int32 = 5
}

/// The live runs of this user, and the choice of one by a word.
struct RunChoice {
  let runs: [LiveRun]

  init() throws {
    guard let runs = LiveRun.all() else {
      throw RunRefusal(
        code: ExitStatusCode.failure, kind: "noProcesses",
        description: "the processes cannot be listed: is /proc mounted?")
    }
    self.runs = runs
  }

  /// The fewest digits that stand for a run's number.
  private static let fewestDigits = 4

  /// Whether a word is a process id or the number of a run, also of one that is gone, and so no
  /// node.
  ///
  /// Nobody knows whether a word that begins with a letter is a number.
  static func isNumber(_ word: String) -> Bool {
    guard word.first?.isASCIIDigit == true else { return false }
    if word.allSatisfy(\.isASCIIDigit) { return true }
    return word.count >= fewestDigits
      && word.allSatisfy { $0.isASCIIDigit || ("a"..."f").contains($0) }
  }

  /// That no run is meant by a word.
  static func absence(of word: String) -> String {
    isNumber(word)
      ? "no live run has the process id or number \(word)" : "there is no run '\(word)'"
  }

  /// The runs that a word stands for: the beginning of the number, the root's pid, or the name.
  func runs(named word: String) -> [LiveRun] {
    let isNumber =
      word.count >= Self.fewestDigits && word.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    if isNumber {
      let matches = runs.filter { $0.name.hasPrefix(word) || $0.root.map { "\($0.pid)" } == word }
      if !matches.isEmpty { return matches }
    }
    return runs.filter { $0.root.map { "\($0.pid)" } == word || $0.givenName == word }
  }

  /// The run that the first of some words stands for, or the only one, and the words that are left.
  ///
  /// Nothing is guessed: where several runs are meant, none is chosen. A run of another user has to
  /// be named.
  func choose(_ words: [String]) throws -> (run: LiveRun, rest: [String]) {
    if let first = words.first {
      let matches = runs(named: first)
      if matches.count == 1 { return (matches[0], Array(words.dropFirst())) }
      if matches.count > 1 { throw several(matches, "'\(first)' stands for several runs:") }
    }
    let living = runs.filter { $0.root != nil && $0.isOwn }
    if living.count == 1, !(words.first.map(Self.isNumber) ?? false) { return (living[0], words) }
    if !living.isEmpty {
      guard let first = words.first else { throw several(living, "say which run:") }
      throw RunRefusal.noSuchRun(
        "\(Self.absence(of: first)); there \(living.count == 1 ? "is" : "are"):\n"
          + Self.list(living))
    }
    let others = runs.filter { $0.root != nil }
    guard others.isEmpty else {
      throw RunRefusal.noSuchRun(
        "no run of this user is live; name one of others:\n" + Self.list(others))
    }
    throw RunRefusal.noSuchRun(
      words.first.map { Self.absence(of: $0) + "; no run is live." } ?? "no run is live.")
  }

  private func several(_ runs: [LiveRun], _ text: String) -> RunRefusal {
    RunRefusal(
      code: ExitStatusCode.usage, kind: "severalRuns", description: text + "\n" + Self.list(runs))
  }

  private static func list(_ runs: [LiveRun]) -> String {
    runs.map { "  \($0.name)  \($0.givenName ?? "-")" }.joined(separator: "\n")
  }
}

extension LiveRun {
  /// What its root has noted.
  func note(_ note: RunNotes.Note) -> String? {
    guard let directory, let user = root?.user else { return nil }
    return RunNotes.read(note, in: directory, of: user)
  }

  /// The name that it was given.
  var givenName: String? {
    note(.name)
      .map { TextColumns.harmless($0, longest: Self.longestName) }
  }

  private static let longestName = 64

  /// The run in messages.
  var label: String { givenName.map { "\($0) (\(name))" } ?? name }

  /// Whether its root is stopped now.
  var isSuspended: Bool { root.flatMap { Process($0.pid) }?.isStopped == true }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
