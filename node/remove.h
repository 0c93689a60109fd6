/* Removing a file or a folder with all below it. */
#pragma once

/* Never follows a link and never leaves the file system it began on. 0, or -1 if something
 * remains. */
int remove_tree(const char *path);
