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

/* The kernel is what the file holds, or what the firmware in it boots. *path: what an error is of.
 */
static int load(struct run *run, const char **path, struct vmm_error *err)
{
	const struct file *kernel = run->firmware ? &run->kernel_file : &run->file;
	const struct linux_files files = {
		.kernel = kernel->bytes,
		.kernel_size = kernel->size,
		.initrd = run->initrd_file.bytes,
		.initrd_size = run->initrd_file.size,
		.cmdline = run->attest.cmdline ? run->attest.cmdline : cmdline(run),
		.vcpus = run->vcpus,
	};

	if (run->guest)
		return image_from_elf(&run->image, run->file.bytes, run->file.size, run->memory,
				      err);
	if (!run->firmware)
		return image_from_linux(&run->image, &files, run->memory, err);
	if (image_from_tdvf(&run->image, run->file.bytes, run->file.size, run->memory, err))
		return -1;
	*path = run->kernel ? run->kernel : run->firmware;
	return image_add_fw_cfg(&run->image, &files, err);
}

static int read_files(struct run *run, const char *path)
{
	return file_read(&run->file, path, MAX_IMAGE) ||
			       (run->firmware && run->kernel &&
				file_read(&run->kernel_file, run->kernel, MAX_IMAGE)) ||
			       (run->initrd && file_read(&run->initrd_file, run->initrd, MAX_IMAGE))
		       ? -1
		       : 0;
}

int run_load(struct run *run)
{
	const char *path = run->guest ? run->guest : run->firmware ? run->firmware : run->kernel;
	struct vmm_error err;

	if (open_attest(run) || read_files(run, path))
		return -1;
	if (!load(run, &path, &err))
		return 0;
	fprintf(stderr, "seamless: %s: %s\n", path, err.text);
	return -1;
}
