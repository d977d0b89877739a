// SPDX-License-Identifier: MIT
/*
 * From the files of `seamless run` to the image that its TD is built from.
 */
#include "cli/boot_option.h"
#include "cli/run.h"

static const char *cmdline(const struct run *run)
{
	return run->append ? run->append : KERNEL_CMDLINE;
}

static int open_attest(struct run *run)
{
	run->attest.quote_folder = run->quote.folder;
	return run_attest_open(&run->attest, cmdline(run));
}

static int load_linux(struct run *run, struct vmm_error *err)
{
	const struct linux_files files = {
		.kernel = run->file.bytes,
		.kernel_size = run->file.size,
		.initrd = run->initrd_file.bytes,
		.initrd_size = run->initrd_file.size,
		.cmdline = run->attest.cmdline ? run->attest.cmdline : cmdline(run),
		.vcpus = run->vcpus,
	};

	return image_from_linux(&run->image, &files, run->memory, err);
}

int run_load(struct run *run)
{
	const char *path = run->guest ? run->guest : run->firmware ? run->firmware : run->kernel;
	struct vmm_error err;
	int result;

	if (open_attest(run))
		return -1;
	if (file_read(&run->file, path, MAX_IMAGE) ||
	    (run->initrd && file_read(&run->initrd_file, run->initrd, MAX_IMAGE)))
		return -1;
	if (run->kernel)
		result = load_linux(run, &err);
	else
		result = (run->guest ? image_from_elf : image_from_tdvf)(
			&run->image, run->file.bytes, run->file.size, run->memory, &err);
	if (result)
		fprintf(stderr, "seamless: %s: %s\n", path, err.text);
	return result;
}
