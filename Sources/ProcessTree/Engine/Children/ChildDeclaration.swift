internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// All that was decided about a child when it was made; fixed from then on.
struct ChildDeclaration: Sendable {
  let path: NodePath
  let name: String
  let isDaemon: Bool
  let program: ProgramReference
  /// The encoded program, that is, the arguments.
  let arguments: [UInt8]
  /// Nil: the configuration's at the time of the start.
  let stopPolicy: StopPolicy?
  let settings: ProcessSettings
  /// Nil: the configuration's at the time of the start, unless the program works synchronously.
  let liveness: Liveness?
  /// Whether the program declares that it works for long without suspending.
  let worksSynchronously: Bool
  /// The number of the life that the child is, if a supervisor keeps it.
  let life: Int?
  /// Where other nodes find the child, in all of its lives.
  let address: NodeAddress
  /// The number of the host that the child runs on; nil for this node's own.
  let host: UInt32?
  /// The name of the host that the child runs on; nil for that of the run's root.
  let hostName: String?
  /// Whether the child drains when its host ends soon; not one whose work somebody else takes back.
  let drainsWithHost: Bool

  /// The child's place among its siblings, from 1 on.
  var position: UInt32 { path.positions.last ?? 0 }

  /// The number of the child's life, from 1 on.
  var incarnation: Int { life ?? 1 }

  /// The lease that the child has, in a tree with this one for all.
  func liveness(in tree: Liveness) -> Liveness { liveness ?? (worksSynchronously ? .off : tree) }
}
