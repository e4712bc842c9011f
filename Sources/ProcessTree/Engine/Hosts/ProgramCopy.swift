internal import ProcessTreeBase
internal import ProcessTreeProcessControl

/// The copy of this program on a host: a file in the user's cache over there, in a directory that
/// is named after the build.
///
/// It is looked at by its checksum each time, so a spoilt one is replaced.
struct ProgramCopy {
  private let host: Host
  /// The file of this process, also when its path leads to another one by now.
  private static let program = "/proc/self/exe"
  private let node: Node
  private let nonce: String
  /// What `cksum` of both machines prints of the file.
  private let checksum: String

  init(of node: Node, to host: Host) async throws {
    self.host = host
    self.node = node
    nonce = try randomBytes(16).map { String($0, radix: 16) }.joined()
    let sum = try await node.capture(
      Command("cksum", standardInput: .file(Self.program)), timeout: host.startDeadline)
    checksum = sum.outputText.trimmed
    guard sum.status == .exited(0), !checksum.isEmpty else {
      throw HostError(
        .copyFailed, host: host.name, "cksum cannot read this program: \(sum.errorText.trimmed)")
    }
  }

  /// Where the copy is, and how its checksum is found; `$2` is the directory's name.
  private static let place =
    "d=${XDG_CACHE_HOME:-$HOME/.cache}/process-tree/$2; p=$d/program; "
  private static let look =
    place + #"[ "$(cksum <"$p")" = "$3" ] 2>/dev/null && [ -x "$p" ] && s=have || s=need; "#
    + #"echo "process-tree copy $1 $s $p""#
  /// Under another name at first: nobody starts half a program.
  private static let take =
    place + #"umask 077; n=$p.$$; mkdir -p "$d" && cat >"$n" && chmod 700 "$n" && "#
    + #"if [ "$(cksum <"$n")" = "$3" ]; then mv -f "$n" "$p" && echo "process-tree copy $1 have $p"; "#
    + #"else echo "the copy has another checksum" >&2; fi; rm -f "$n""#

  /// Copies the program unless it is there; returns its path over there.
  func path() async throws -> String {
    let found = try await run(Self.look, input: .null)
    if found.isThere { return found.path }
    let made = try await run(Self.take, input: .file(Self.program))
    guard made.isThere else {
      throw HostError(.copyFailed, host: host.name, "the program is not there after it was copied")
    }
    return made.path
  }

  private func run(
    _ script: String, input: Command.Input
  ) async throws -> (isThere: Bool, path: String) {
    let words = try EngineCommand.words(
      ["sh", "-c", script, "sh", nonce, HostProcess.contentIdentity(), checksum], on: host)
    let command = Command(words[0], Array(words.dropFirst()), standardInput: input)
    let outcome: CompletedCommand
    do {
      outcome = try await node.capture(
        command, outputLimit: 1 << 20, timeout: host.startDeadline)
    } catch let error as ProcessTreeError where error.code == .deadlinePassed {
      throw HostError(
        .notInTime, host: host.name,
        "the program was not copied within \(host.startDeadline.inShort)")
    } catch let error as CommandError {
      throw HostError(.engineMissing, host: host.name, "\(error)")
    }
    // A login script may have written something before, and behind.
    for line in outcome.outputText.split(separator: "\n") {
      for (word, isThere) in [("have", true), ("need", false)] {
        let start = "process-tree copy \(nonce) \(word) /"
        if line.hasPrefix(start) { return (isThere, "/" + line.dropFirst(start.count)) }
      }
    }
    var error = EngineVerdict(
      status: outcome.status, lines: outcome.errorText.split(separator: "\n").map(String.init)
    ).explaining(
      HostError(.notReached, host: host.name, "the program cannot be copied there"), of: words)
    if error.code == .notReached { error.code = .copyFailed }
    throw error
  }
}

extension String {
  fileprivate var trimmed: String { split(separator: "\n").joined(separator: " ") }
}

extension Node {
  /// How many programs are copied at a time.
  private static let mostCopies = 16

  /// The hosts with the paths of this program's copies there, where one was asked for.
  func copyingProgram(to hosts: [Host]) async throws -> [Result<Host, HostError>] {
    var results: [Result<Host, HostError>] = hosts.map { .success($0) }
    let wanting = hosts.indices.filter { hosts[$0].copiesProgram }
    for start in stride(from: 0, to: wanting.count, by: Self.mostCopies) {
      let part = wanting[start..<min(start + Self.mostCopies, wanting.count)]
      try await withThrowingTaskGroup(of: (Int, Result<Host, HostError>).self) { group in
        for index in part {
          group.addTask { [self, host = hosts[index]] in (index, try await copyProgram(to: host)) }
        }
        for try await (index, result) in group { results[index] = result }
      }
    }
    return results
  }

  private func copyProgram(to host: Host) async throws -> Result<Host, HostError> {
    do {
      var host = host
      host.program = try await ProgramCopy(of: self, to: host).path()
      return .success(host)
    } catch let error as HostError {
      return .failure(error)
    }
  }
}
