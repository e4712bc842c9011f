// The functions of ProcessControl that Swift cannot call or must not implement.
//
// Functions return 0 on success and an errno on failure unless their comment states otherwise.
#pragma once
#include "pt_bell.h"
#include "pt_children.h"
#include "pt_command.h"
#include "pt_connection.h"
#include "pt_control_group.h"
#include "pt_fork_server.h"
#include "pt_origin.h"
#include "pt_output.h"
#include "pt_process.h"
#include "pt_shared_memory.h"
#include "pt_signals.h"
#include "pt_stacks.h"
#include "pt_sweep.h"
#include "pt_title.h"
