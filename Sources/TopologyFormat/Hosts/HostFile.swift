/// A file of hosts that was read: one a line.
package struct HostFile: Sendable {
  /// The most hosts of a run.
  package static let mostHosts = 4_095

  package let file: SourceFile
  /// The hosts; those without faults.
  package private(set) var plans: [HostPlan] = []
  package private(set) var diagnostics = Diagnostics()

  /// Reads a file, or standard input for `-`.
  package init(_ path: String) {
    do throws(ReadingFailure) {
      let contents = try FileReading.contents(of: path)
      self.init(
        path: path, text: try FileReading.text(from: contents.bytes), identity: contents.identity)
    } catch {
      self.init(path: path, text: nil)
      diagnostics.error(error.code, at: error.place, length: error.length, error.message)
    }
  }

  /// Reads a text.
  package init(path: String, text: String?, identity: FileIdentity? = nil) {
    file = SourceFile(
      path: path, directory: Path.directory(of: path), text: text ?? "", identity: identity)
    guard text != nil else { return }
    var names = HostNames()
    for number in 1...max(1, file.lineCount) {
      let line = HostLine(file.scalars(ofLine: number))
      for fault in line.faults {
        diagnostics.error(
          fault.code, at: Place(line: number, column: fault.column), length: fault.length,
          fault.message, suggestion: fault.suggestion)
      }
      guard var plan = line.plan else { continue }
      if let other = names.take(&plan, from: "line \(number)") {
        diagnostics.error(
          .duplicateNode, at: Place(line: number, column: line.place.column),
          length: line.place.length,
          "\(other) has a host of the name '\(plan.name)' already; give one of them another: name=…"
        )
      }
      plans.append(plan)
    }
    if plans.isEmpty, diagnostics.errorCount == 0 {
      diagnostics.error(.missingKey, at: Place(), "there is no host in this file.")
    }
    if plans.count > Self.mostHosts {
      diagnostics.error(.tooManyValues, at: Place(), "a run has at most \(Self.mostHosts) hosts.")
    }
  }
}

/// The names of the hosts of a run, which differ.
package struct HostNames {
  private var known: [String: String] = [:]

  package init() {}

  /// Takes the name of a host, or reports who has it; commands that nobody has named get numbers.
  package mutating func take(_ plan: inout HostPlan, from place: String) -> String? {
    if case .command = plan.engine, plan.name == "command" {
      var number = 1
      while known[plan.name] != nil {
        number += 1
        plan.name = "command-\(number)"
      }
    }
    if let other = known[plan.name] { return other }
    known[plan.name] = place
    return nil
  }
}
