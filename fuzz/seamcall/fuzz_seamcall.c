// SPDX-License-Identifier: MIT
/*
 * The SEAMCALL boundary. The input is a program: a stage to start from, then operations.
 */
#include "operations.h"
#include "stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	stages_make();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	enum stage stage = (enum stage)(input_take(&in, 1) % STAGES);

	operations_run(&in, stage_machine(stage));
	stage_restore(stage);
	return 0;
}
