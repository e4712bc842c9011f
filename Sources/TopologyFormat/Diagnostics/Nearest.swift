/// Finds what was probably meant.
package enum Nearest {
  /// The known word that differs least from one that is not known; nil if all differ by more than
  /// two letters.
  package static func word(to word: String, among known: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().utf8.prefix(64))
    var best: (word: String, distance: Int)?
    for candidate in known {
      let other = Array(candidate.lowercased().utf8)
      guard abs(other.count - letters.count) <= 2 else { continue }
      let distance = distance(letters, other)
      // Of a short word, more than half has to be right.
      guard distance <= 2, distance * 2 < max(letters.count, other.count) else { continue }
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
  }

  /// How many letters have to be added, removed, replaced or exchanged with their neighbours.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var older: [Int] = []
    var previous = Array(0...right.count)
    for (row, letter) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        var cost = min(
          previous[column] + (letter == other ? 0 : 1), previous[column + 1] + 1,
          current[column] + 1)
        if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
          cost = min(cost, older[column - 1] + 1)
        }
        current.append(cost)
      }
      older = previous
      previous = current
    }
    return previous[right.count]
  }

  /// What other tools' keys are called here.
  static let synonyms: [String: String] = [
    "depends_on": "dependsOn", "depends-on": "dependsOn", "needs": "dependsOn",
    "after": "dependsOn",
    "replicas": "instances", "numprocs": "instances", "scale": "instances",
    "cmd": "command", "exec": "command", "entrypoint": "command", "args": "arguments",
    "run": "shell", "script": "shell",
    "cwd": "directory", "working_dir": "directory", "workdir": "directory", "dir": "directory",
    "env": "environment", "env_file": "environmentFiles", "env_cmds": "environment",
    "availability": "restart", "restart_policy": "restart", "autorestart": "restart",
    "readiness_probe": "readiness", "healthcheck": "readiness", "liveness_probe": "liveness",
    "processes": "nodes", "services": "nodes", "programs": "nodes", "children": "nodes",
    "autostart": "start", "version": "ptree", "vars": "variables", "shutdown": "stop",
    "stop_signal": "stop", "kill_timeout": "stop", "timeout": "timeLimit",
    "max_restarts": "supervision", "stdout": "output", "stderr": "error", "stdin": "input",
    "initial_delay_seconds": "delay", "period_seconds": "every", "timeout_seconds": "timeout",
    "failure_threshold": "failures", "success_threshold": "successes", "http_get": "http",
    "exit_on_end": "endsWith", "includes": "include", "extends": "include",
  ]
}
