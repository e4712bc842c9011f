// What libzmq's own header says; nothing is added here.
#pragma once
#include <zmq.h>
