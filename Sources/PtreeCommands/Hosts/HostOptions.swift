internal import ArgumentParser
internal import Glibc
internal import ProcessTree
internal import ProcessTreeTopologies
internal import ProcessTreeTopologyFormat

/// The options that name hosts.
struct HostOptions: ParsableArguments {
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      """
      Start nodes on this host: a destination of ssh, local, 'command:' and the words of another engine, or \
      slurm:nodes=N,time=T for an allocation, or slurm:tasks=N for an array whose tasks join as they begin. May be \
      given again and again.
      """, valueName: "destination[:slots]"))
  var host: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Start nodes on the hosts of this file.", valueName: "file"),
    completion: .file())
  var hosts: [String] = []

  @Flag(help: "As root, use files to which somebody else may write.")
  var trust = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long nodes on hosts go on without a word from here, instead of 10 seconds.",
      valueName: "seconds"))
  var lease: Seconds?

  @Option(
    parsing: .unconditional,
    help: "How many hosts have to be up for the run to begin; all without it.")
  var minimumHosts: Int?

  func validate() throws {
    guard lease?.duration ?? HostPlan.shortestLease >= HostPlan.shortestLease else {
      throw ValidationError("A lease lasts 2 seconds or longer.")
    }
    guard minimumHosts ?? 1 > 0 else { throw ValidationError("At least 1 host has to be up.") }
    guard !settings.isEmpty || (lease == nil && minimumHosts == nil) else {
      throw ValidationError("--lease and --minimum-hosts need hosts: --host or --hosts.")
    }
  }

  /// The values of these options.
  var settings: HostSettings {
    HostSettings(
      host: host, hosts: hosts, trust: trust, lease: lease, minimumHosts: minimumHosts)
  }
}

/// The values of the options that name hosts.
struct HostSettings {
  var host: [String] = []
  var hosts: [String] = []
  var trust = false
  var lease: Seconds?
  var minimumHosts: Int?

  /// Whether there are none.
  var isEmpty: Bool { host.isEmpty && hosts.isEmpty }

  /// The hosts; throws with all that is wrong.
  func plans() throws(UnusableHosts) -> [HostPlan] {
    try Self.plans(of: host, in: hosts, isTrusted: trust).map { plan in
      var plan = plan
      plan.lease = lease?.duration ?? plan.lease
      return plan
    }
  }

  /// The hosts of arguments and files; throws with all that is wrong.
  ///
  /// - Parameter isTrusted: Whether root takes files to which somebody else may write, who so
  ///   chooses commands.
  static func plans(
    of arguments: [String], in files: [String], isTrusted: Bool
  ) throws(UnusableHosts) -> [HostPlan] {
    var (plans, names, text) = ([HostPlan](), HostNames(), "")
    for argument in arguments {
      let line = HostLine(argument: argument)
      for fault in line.faults { text += "--host \(argument): \(fault.message)\n" }
      guard var plan = line.plan else { continue }
      if names.take(&plan, from: "") != nil {
        text += "--host \(argument): this host is there twice; a host file can name both: name=…\n"
      }
      plans.append(plan)
    }
    for path in files {
      let file = HostFile(path)
      text += DiagnosticText([file.file]).text(of: file.diagnostics)
      if geteuid() == 0, !isTrusted, path != "-", file.file.identity != nil,
        let refusal = Trust.refusal(of: path, being: file.file.identity)
      {
        text += "root does not use \(path): \(refusal), or say --trust.\n"
      }
      guard file.diagnostics.errorCount == 0 else { continue }
      for var plan in file.plans {
        if names.take(&plan, from: "") != nil {
          text += "\(path): '\(plan.name)' is named elsewhere on the command line.\n"
        }
        plans.append(plan)
      }
    }
    guard text.isEmpty else { throw UnusableHosts(text: text) }
    return plans
  }
}

/// Hosts on the command line, or in files, are not right; nothing was started.
struct UnusableHosts: Error {
  let text: String
}
