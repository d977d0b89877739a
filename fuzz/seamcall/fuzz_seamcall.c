// SPDX-License-Identifier: MIT
/*
 * The SEAMCALL boundary. The input is a program: a stage to start from, then operations.
 */
#include "operations.h"
#include "stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct seamless_machine *m = stage_machine((enum stage)(input_take(&in, 1) % STAGES));

	operations_run(&in, m);
	return 0;
}
